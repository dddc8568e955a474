"""What a small network learns from a large one: students with and without a teacher, by seeds.

    python benchmarks/distillation.py RealESRGAN_x4plus.safetensors PHOTOGRAPHS HELD_OUT \
        --vgg vgg16_near_imagenet.safetensors --work FOLDER [--pictures FOLDER]

PHOTOGRAPHS and HELD_OUT are degraded alike (blur, x1/4, noise, JPEG) with other noise. The teacher
upscales the degraded photographs once. From equal weights, on equal crops, in equally many
iterations a student (`compact`, 64 features, 16 convolutions) is trained with L1 against

- truth: the photographs
- teacher: what the teacher makes
- curriculum: what moves from the teacher's images to the photographs

The distances vgg_* are mean differences of features of VGG16 and no LPIPS. PICTURES are upscaled
by all of them at the end, side by side. The run can be interrupted and started again; finished
stages are not repeated.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from combinations import Vgg16, bicubic, measure, spread
from harness import write_results

import srcore
from srcore.images import ImageArray, list_images, read_rgb, write_image
from srcore.launching.stages import run_experiment
from srcore.prepare.degrading import OfflineDegradation
from srcore.prepare.jobs import prepare_degraded
from srcore.runs.strips import side_by_side
from srcore.testing.experiments import load_checked

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
learning_rate = 5e-4

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


def degrade(arguments: argparse.Namespace, source: Path, hr: Path, lr: Path, seed: int) -> None:
    """The first photographs of a folder and what becomes of them; once."""
    if lr.is_dir():
        return
    chosen = arguments.work / f"sources_{seed}"
    count = arguments.photographs_used if seed == 1 else arguments.images
    for path in list_images(source)[:count]:
        write_image(chosen / f"{path.stem}.png", read_rgb(path))
    degradation = OfflineDegradation(
        scale=4,
        dialect="matlab",
        blur=arguments.blur,
        noise=arguments.noise,
        jpeg=arguments.jpeg,
        seed=seed,
    )
    prepare_degraded(chosen, lr, degradation, hr_output=hr)


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


def write_pictures(
    arguments: argparse.Namespace, ways: Mapping[str, Callable[[ImageArray], ImageArray]]
) -> None:
    """Strips of all ways for every picture of a folder, degraded as the others."""
    hr, lr = arguments.work / "pictures_hr", arguments.work / "pictures_lr"
    degrade(arguments, arguments.pictures, hr, lr, seed=3)
    for path in list_images(lr):
        shown = [(name, generate(read_rgb(path))) for name, generate in ways.items()]
        strip = side_by_side([*shown, ("photograph", read_rgb(hr / path.name))])
        write_image(arguments.work / "strips" / path.name, strip)


def arguments_given() -> argparse.Namespace:
    """Flags."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("teacher", type=Path)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--vgg", type=Path, required=True, help="conv1_1 ... conv4_3 of VGG16")
    parser.add_argument("--work", type=Path, required=True, help="folder of images and runs")
    parser.add_argument("--pictures", type=Path, help="folder of pictures for the eye")
    parser.add_argument("--photographs-used", type=int, default=100)
    parser.add_argument("--images", type=int, default=20, help="held-out images")
    parser.add_argument("--iterations", type=int, default=1000, help="of every student")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--patch", type=int, default=128, help="side of HR crops in pixels")
    parser.add_argument("--blur", type=float, default=3.0, help="sigma in HR pixels")
    parser.add_argument("--noise", type=float, default=3.0, help="sigma in gray levels")
    parser.add_argument("--jpeg", type=int, default=80, help="quality")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def trained(arguments: argparse.Namespace) -> list[Path]:
    """Folders of runs of all seeds, each with all arms."""
    task = TASK.format(device=arguments.device, weights=arguments.teacher.resolve())
    teacher = run(arguments, "teacher", task).resolve() / "teacher"
    stages = "".join(
        ARM.format(name=name, target=target, method=method)
        for name, (target, method) in ARMS.items()
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
    degrade(arguments, arguments.photographs, arguments.work / "hr", arguments.work / "lr", 1)
    degrade(arguments, arguments.held_out, held_out / "HR_x4", held_out / "LR_x4", 2)
    arguments.held_out = held_out
    runs = trained(arguments)
    ways = {"bicubic": bicubic, "x4": upscaling("x4"), "the_teacher": upscaling(arguments.teacher)}
    table = table_of(arguments, ways, runs)
    sys.stdout.write(json.dumps(table, indent=2) + "\n")
    if arguments.pictures is not None:
        students = {arm: upscaling(runs[0] / arm / "generator.safetensors") for arm in ARMS}
        write_pictures(arguments, {**ways, **students})
    settings = {key: it for key, it in vars(arguments).items() if not isinstance(it, Path)}
    write_results("distillation", table, **settings)


if __name__ == "__main__":
    main()
