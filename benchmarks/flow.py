"""Flow matching beside the same network trained with L1, by several seeds.

    python benchmarks/flow.py BSDS400 BSD100 --vgg vgg16_near_imagenet.safetensors --work FOLDER

For every seed four trainings of one small velocity network x4, on the same crops:

- l1: one step without noise, loss L1: an ordinary network of the same size
- flow: flow matching, measured at several numbers of steps
- l1_longer, one_step: both continued for the iterations of the distillation, l1 as it was, flow
  into a network of one step that learns from it

An iteration of l1 and one of flow run the network once forward and once backward; one_step also
runs its teacher's steps forward. Measured are PSNR, SSIM, NIQE and distances of VGG16's features
(``combinations.py``), means over the held-out images. HELD_OUT is a folder with HR_x4 and LR_x4.
The run can be interrupted and started again; finished trainings are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import combinations
import harness
import torch

import srcore
from srcore.images import ImageArray, list_images, read_rgb
from srcore.plugin.manager import PluginManager, plugins

EXPERIMENT = """
name = "{name}"
scale = 4
seed = {seed}

[generator]
type = "flow"
num_features = {features}
num_blocks = {blocks}
{generator}

[data.train]
type = "hr_folder"
hr = "{photographs}"
hr_patch_size = {patch}
cache = "memory"

[train]
device = "{device}"
iterations = {iterations}
batch_size = {batch}
ema_decay = 0.99
validate_every = 0
checkpoint_every = 100
log_every = 50
images = 0

[optimizer.generator]
type = "adam"
learning_rate = {rate}
[schedule.generator]
type = "cosine"
periods = [{iterations}]
eta_min = 1e-6
"""

L1 = '[[losses]]\ntype = "l1"\n'
FLOW = '[method]\ntype = "flow_matching"\n[[losses]]\ntype = "flow_matching"\n'
DISTILLED = """
[method]
type = "flow_distillation"
[networks.teacher]
type = "flow"
num_features = {features}
num_blocks = {blocks}
steps = {steps}
weights = "{weights}"
[[losses]]
type = "l1"
target = "teacher"
"""
PLAIN = "sigma = 0.0\nsteps = 1"
#: By how many gray levels tiles may differ from the whole, and an image from itself.
TOLERANCE = 1


def written(
    arguments: argparse.Namespace, name: str, seed: int, generator: str, method: str, *, start: bool
) -> str:
    """Text of an experiment."""
    head = EXPERIMENT.format(
        name=name,
        seed=seed,
        generator=generator,
        features=arguments.features,
        blocks=arguments.blocks,
        photographs=arguments.photographs.resolve(),
        patch=arguments.patch,
        device=arguments.device,
        batch=arguments.batch_size,
        iterations=arguments.iterations if start else arguments.further_iterations,
        rate="1e-3" if start else "2e-4",
    )
    return head + method


def require_right(file: Path, lr: ImageArray) -> None:
    """The gate: the same picture from one seed, another from another, tiles like the whole."""
    network = srcore.load_generator(file)

    def upscaled(seed: int, tile: int | None) -> ImageArray:
        sr: ImageArray = srcore.upscale(network, lr, border=0, seed=seed, tile=tile)
        return sr

    whole, tiled, other = upscaled(0, None), upscaled(0, 32), upscaled(1, None)
    if abs(whole.astype(int) - tiled.astype(int)).max() > TOLERANCE:
        raise SystemExit(f"{file}: tiles differ from the whole image")
    if (whole != upscaled(0, None)).any() or (whole == other).all():
        raise SystemExit(f"{file}: pictures do not follow their seeds")


def trained(arguments: argparse.Namespace, manager: PluginManager, seed: int) -> dict[str, Path]:
    """Files of the four networks of a seed."""

    def train(name: str, generator: str, method: str, *, start: bool = True) -> Path:
        full = f"{name}_{seed}"
        text = written(arguments, full, seed, generator, method, start=start)
        return combinations.train(arguments, manager, full, text).resolve()

    files = {"l1": train("l1", PLAIN, L1), "flow": train("flow", "", FLOW)}
    require_right(files["flow"], read_rgb(held_out(arguments)[0]))
    distilled = DISTILLED.format(
        features=arguments.features,
        blocks=arguments.blocks,
        steps=max(arguments.steps),
        weights=files["flow"],
    )
    for name, earlier, generator, method in (
        ("l1_longer", "l1", PLAIN, L1),
        ("one_step", "flow", "steps = 1", distilled),
    ):
        weights = f'{generator}\nweights = "{files[earlier]}"'
        files[name] = train(name, weights, method, start=False)
    return files


def held_out(arguments: argparse.Namespace) -> list[Path]:
    """The low-resolution images that are measured."""
    return list(list_images(arguments.held_out / "LR_x4"))[: arguments.images]


def rows_of_seed(
    arguments: argparse.Namespace, files: dict[str, Path], seed: int, vgg: combinations.Vgg16
) -> dict[str, dict[str, float]]:
    """What is measured of the networks of a seed, flow at every number of steps."""
    chosen = [("l1", "l1", 1), *((f"flow_{n}", "flow", n) for n in arguments.steps)]
    chosen += [("l1_longer", "l1_longer", 1), ("one_step", "one_step", 1)]
    rows = {}
    for row, name, steps in chosen:
        network = srcore.load_generator(files[name], options={"steps": steps})

        def upscaled(lr: ImageArray, network: torch.nn.Module = network) -> ImageArray:
            sr: ImageArray = srcore.upscale(network, lr, border=0)
            return sr

        rows[row] = combinations.measure(arguments, f"{row}_{seed}", upscaled, vgg, None)
        sys.stdout.write(f"{row}_{seed} {json.dumps(rows[row])}\n")
        sys.stdout.flush()
    return rows


def main() -> None:
    """Train, measure, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photographs", type=Path, help="folder to train on")
    parser.add_argument("held_out", type=Path, help="folder with HR_x4 and LR_x4")
    parser.add_argument("--vgg", type=Path, required=True, help="weights of VGG16")
    parser.add_argument("--work", type=Path, required=True, help="folder of runs")
    parser.add_argument("--iterations", type=int, default=2000, help="of l1 and flow")
    parser.add_argument("--further-iterations", type=int, default=500)
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=20, help="held-out images")
    parser.add_argument("--patch", type=int, default=96, help="side of the crops")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--features", type=int, default=48)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    manager, vgg = plugins(), combinations.Vgg16(arguments.vgg, ("relu2_2", "relu3_3", "relu4_3"))
    bicubic = combinations.measure(arguments, "bicubic", combinations.bicubic, vgg, None)
    by_seed = [
        rows_of_seed(arguments, trained(arguments, manager, seed), seed, vgg)
        for seed in range(arguments.seeds)
    ]
    table = {"bicubic": combinations.spread([bicubic])}
    table |= {row: combinations.spread([rows[row] for rows in by_seed]) for row in by_seed[0]}
    keys = (
        "iterations",
        "further_iterations",
        "seeds",
        "images",
        "patch",
        "batch_size",
        "features",
        "blocks",
    )
    settings = {key: getattr(arguments, key) for key in keys}
    harness.write_results("flow", table, **settings, threads=arguments.threads)


if __name__ == "__main__":
    main()
