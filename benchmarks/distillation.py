"""What a small network learns from a large one: students with and without a teacher, by seeds.

    python benchmarks/distillation.py RealESRGAN_x4plus.safetensors PHOTOGRAPHS HELD_OUT \
        --start realesr-animevideov3.safetensors --vgg vgg16_near_imagenet.safetensors \
        --work FOLDER [--pictures FOLDER --picture FILE]

PHOTOGRAPHS are large: they are halved in size, and of each the tiles with most detail are taken.
Tiles and HELD_OUT are degraded alike, from almost clean to bad, with other noise. The teacher
upscales the degraded tiles once. From equal weights, on equal crops, in equally many iterations a
student (`compact`, 64 features, 16 convolutions) is trained with L1 against

- truth: the photographs
- teacher: what the teacher makes
- curriculum: what moves from the teacher's images to the photographs

The distances vgg_* are mean differences of features of VGG16 and no LPIPS. Middles of PICTURES,
upscaled by all of them, are written side by side at the end. The run can be interrupted and started
again; finished stages are not repeated.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from combinations import Vgg16, bicubic, measure, spread
from harness import write_results

import srcore
from srcore.data.cropping import multiple_of
from srcore.images import ImageArray, list_images, read_rgb, write_image
from srcore.launching.stages import run_experiment
from srcore.prepare.degrading import OfflineDegradation
from srcore.prepare.subimages import sub_images
from srcore.runs.strips import side_by_side
from srcore.testing.experiments import load_checked

#: Blur (sigma in HR pixels), noise (sigma in gray levels) and quality of JPEG, in turns.
DEGRADATIONS = (
    (None, None, 90),
    (1.5, 2.0, 85),
    (3.0, 3.0, 80),
    (2.0, 6.0, 90),
    (4.0, 1.0, 70),
    (2.5, 8.0, 60),
)
TILE = 384
SHOWN = 176
TAUGHT = 'type = "distillation"\nonline = false'
#: What a student is compared with, and the method that knows it.
ARMS = {
    "truth": ("hr", 'type = "supervised"'),
    "teacher": ("teacher", TAUGHT),
    "curriculum": ("curriculum", TAUGHT),
}

EXPERIMENT = """
name = "seed_{seed}"
scale = 4
seed = {seed}

[generator]
type = "compact"
weights = "{start}"

[train]
iterations = {iterations}
batch_size = {batch_size}
validate_every = 0
checkpoint_every = 200
log_every = 50
device = "{device}"
ema_decay = 0.99

[optimizer.generator]
type = "adam"
learning_rate = 2e-4

[schedule.generator]
type = "cosine"
periods = [{iterations}]

[data.train]
type = "taught_images"
teacher = "{teacher}"
workers = 1

[data.train.images]
type = "paired_folder"
hr = "hr"
lr = "lr"
hr_patch_size = {patch}
cache = "memory"
"""

ARM = """
[[stages]]
name = "{name}"
[stages.method]
{method}
[[stages.losses]]
type = "l1"
target = "{target}"
"""

TASK = """
name = "teacher"
scale = 4

[train]
device = "{device}"

[task]
type = "teacher_images"
weights = "{weights}"

[task.images]
type = "paired_folder"
hr = "hr"
lr = "lr"
"""


def detail(image: ImageArray) -> float:
    """How much an image varies from pixel to pixel."""
    return float(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_64F).std())


def tiles(photographs: Path, count: int) -> Iterator[tuple[str, ImageArray]]:
    """Of every photograph, halved in size, equally many tiles: those with most detail."""
    paths = list_images(photographs)
    for path in paths:
        photograph = read_rgb(path)
        height, width = (side // 2 for side in photograph.shape[:2])
        halved: Any = cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA)
        cuts = sorted(sub_images(halved, path.stem, TILE, TILE, 0), key=lambda cut: -detail(cut[1]))
        yield from cuts[: -(-count // len(paths))]


def whole(folder: Path, count: int | None = None) -> Iterator[tuple[str, ImageArray]]:
    """The first images of a folder."""
    for path in list_images(folder)[:count]:
        yield path.stem, read_rgb(path)


def degrade(images: Iterable[tuple[str, ImageArray]], hr: Path, lr: Path, seed: int) -> None:
    """Write images and what becomes of them; once."""
    for number, (name, image) in enumerate(images):
        if (lr / f"{name}.png").is_file():
            continue
        blur, noise, jpeg = DEGRADATIONS[number % len(DEGRADATIONS)]
        degradation = OfflineDegradation(
            scale=4, dialect="matlab", blur=blur, noise=noise, jpeg=jpeg, seed=seed
        )
        write_image(hr / f"{name}.png", multiple_of(image, 4))
        write_image(lr / f"{name}.png", degradation.apply(image, name))


def run(arguments: argparse.Namespace, name: str, text: str) -> Path:
    """Run an experiment beside the images; gives its folder."""
    path = arguments.work / f"{name}.toml"
    path.write_text(text)
    run_experiment(load_checked(path), arguments.work / "runs", resume=True, quiet=True)
    return Path(arguments.work, "runs", name)


def upscaling(weights: str | Path) -> Callable[[ImageArray], ImageArray]:
    """A generator as a function, in tables of what is measured: no border is added."""
    network = srcore.load_generator(weights)
    return lambda lr: srcore.upscale(network, lr, border=0)


def processor_seconds(generate: Callable[[ImageArray], ImageArray], lr: ImageArray) -> float:
    """Of one image on one thread: the median of three after one that does not count."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken = []
    for _ in range(4):
        began = time.process_time()
        generate(lr)
        taken.append(time.process_time() - began)
    torch.set_num_threads(threads)
    return round(statistics.median(taken[1:]), 3)


def middle(image: ImageArray) -> ImageArray:
    """The square in the middle that is shown."""
    top, left = ((side - SHOWN) // 2 for side in image.shape[:2])
    return image[top : top + SHOWN, left : left + SHOWN]


def write_picture(
    arguments: argparse.Namespace, ways: Mapping[str, Callable[[ImageArray], ImageArray]]
) -> None:
    """Middles of all pictures, degraded as the others and upscaled by all ways."""
    hr, lr = arguments.work / "pictures_hr", arguments.work / "pictures_lr"
    degrade(whole(arguments.pictures), hr, lr, seed=3)
    rows = []
    for path in list_images(lr):
        shown = [(name, middle(generate(read_rgb(path)))) for name, generate in ways.items()]
        rows.append(side_by_side([*shown, ("photograph", middle(read_rgb(hr / path.name)))]))
    write_image(arguments.picture or arguments.work / "picture.png", np.concatenate(rows))


def arguments_given() -> argparse.Namespace:
    """Flags."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("teacher", type=Path)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="weights students begin with")
    parser.add_argument("--vgg", type=Path, required=True, help="conv1_1 ... conv4_3 of VGG16")
    parser.add_argument("--work", type=Path, required=True, help="folder of images and runs")
    parser.add_argument("--pictures", type=Path, help="folder of pictures for the eye")
    parser.add_argument("--picture", type=Path, help="file that shows them; default: in --work")
    parser.add_argument("--tiles", type=int, default=160, help="of the photographs, about")
    parser.add_argument("--images", type=int, default=20, help="held-out images")
    parser.add_argument("--iterations", type=int, default=1000, help="of every student")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--patch", type=int, default=96, help="side of HR crops in pixels")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def trained(arguments: argparse.Namespace) -> list[Path]:
    """Folders of runs of all seeds, each with all arms."""
    task = TASK.format(device=arguments.device, weights=arguments.teacher.resolve())
    teacher = run(arguments, "teacher", task).resolve() / "teacher"
    stages = "".join(
        ARM.format(name=arm, target=target, method=method) for arm, (target, method) in ARMS.items()
    )
    return [
        run(
            arguments,
            f"seed_{seed}",
            EXPERIMENT.format(
                seed=seed,
                iterations=arguments.iterations,
                batch_size=arguments.batch_size,
                device=arguments.device,
                start=arguments.start.resolve(),
                teacher=teacher,
                patch=arguments.patch,
            )
            + stages,
        )
        for seed in range(arguments.seeds)
    ]


def table_of(
    arguments: argparse.Namespace,
    ways: Mapping[str, Callable[[ImageArray], ImageArray]],
    runs: Sequence[Path],
) -> dict[str, Any]:
    """Measures of all ways and of the students, over seeds."""
    vgg = Vgg16(arguments.vgg, {"relu2_2", "relu4_3"})
    one = read_rgb(list_images(arguments.held_out / "LR_x4")[0])
    table: dict[str, Any] = {}
    for name, generate in ways.items():
        measured = measure(arguments, name, generate, vgg, None)
        table[name] = {
            **{key: round(value, 5) for key, value in measured.items()},
            "processor_seconds": processor_seconds(generate, one),
        }
    for arm in ARMS:
        rows = []
        for seed, folder in enumerate(runs):
            generate = upscaling(folder / arm / "generator.safetensors")
            rows.append(measure(arguments, f"{arm}_{seed}", generate, vgg, None))
        table[arm] = {**spread(rows), "processor_seconds": processor_seconds(generate, one)}
    return table


def main() -> None:
    """Train, measure, write."""
    arguments = arguments_given()
    torch.set_num_threads(arguments.threads)
    held_out = arguments.work / "held_out"
    training = tiles(arguments.photographs, arguments.tiles)
    degrade(training, arguments.work / "hr", arguments.work / "lr", seed=1)
    originals = whole(arguments.held_out, arguments.images)
    degrade(originals, held_out / "HR_x4", held_out / "LR_x4", seed=2)
    arguments.held_out = held_out
    runs = trained(arguments)
    ways = {
        "bicubic": bicubic,
        "x4": upscaling("x4"),
        "start": upscaling(arguments.start),
        "the_teacher": upscaling(arguments.teacher),
        "real_x4": upscaling("real_x4"),
    }
    table = table_of(arguments, ways, runs)
    sys.stdout.write(json.dumps(table, indent=2) + "\n")
    if arguments.pictures is not None:
        students = {arm: upscaling(runs[0] / arm / "generator.safetensors") for arm in ARMS}
        write_picture(arguments, {**ways, **students})
    settings = {key: it for key, it in vars(arguments).items() if not isinstance(it, Path)}
    write_results("distillation", table, **settings)


if __name__ == "__main__":
    main()
