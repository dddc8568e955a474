"""Training step of RRDBNet (64 features, 4 blocks, batch 4, LR 32x32) in several formats.

python benchmarks/rrdbnet_step.py [--compile]

One CPU thread. "plain" is the hand-written float32 loop of engine_overhead.py; the others are
iterations of the engine with `train.channels_last`, `train.precision` and (with --compile)
`train.compile`. Gate: all networks, from the same weights, give the same images within the
precision of their format, and their losses fall alike.

oneDNN's share is listed beside it: the convolutions alone in float32 and in bfloat16 (forward,
gradient of data and weights; the sizes of this network). No program that leaves convolutions to
oneDNN gets below the ratio of these two times the share that convolutions have in the step.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from engine_overhead import EXPERIMENT, bare_loop
from harness import measure, print_table, write_results
from training_pairs import first_batch, make_training

from srcore.engine.batch_pieces import in_channels_last
from srcore.engine.training import Training

CHANNELS_LAST = "channels_last"
BFLOAT16 = "channels_last + bfloat16"
COMPILED = "channels_last + bfloat16 + compile"
FORMATS = {
    "engine, plain": (),
    CHANNELS_LAST: ("train.channels_last=true",),
    BFLOAT16: ("train.channels_last=true", "train.precision=bfloat16"),
}
LIMITS = {CHANNELS_LAST: 0.90, BFLOAT16: 0.35}
TOLERANCES = {"engine, plain": 1e-5, CHANNELS_LAST: 1e-5, BFLOAT16: 0.02, COMPILED: 0.02}
REPEATS, WARMUP = 7, 2
#: (input channels, output channels, side, how many) of the step's convolutions.
CONVOLUTIONS = [
    (3, 64, 32, 1), (64, 32, 32, 12), (96, 32, 32, 12), (128, 32, 32, 12), (160, 32, 32, 12),
    (192, 64, 32, 12), (64, 64, 32, 1), (64, 64, 64, 1), (64, 64, 128, 2), (64, 3, 128, 1),
]  # fmt: skip


def iterate(training: Training, batch: Mapping[str, Any]) -> Any:
    """One iteration of the engine."""
    training.trainer.state.iteration += 1
    return training.iterate(training.trainer, dict(batch))


def gate(trainings: Mapping[str, Training], batch: Mapping[str, Any]) -> dict[str, float]:
    """Check that all formats compute the same."""
    raw = batch["lr"].permute(0, 3, 1, 2).float().div(255)
    outputs = {}
    for name, training in trainings.items():
        with torch.no_grad(), training.parts.autocast():
            given = {"lr": raw}
            if training.parts.train.channels_last:
                given = in_channels_last(given)
            outputs[name] = training.parts.generator(given["lr"])
    reference = outputs["engine, plain"]
    differences = {
        name: float((output.float() - reference).abs().max()) for name, output in outputs.items()
    }
    for name, difference in differences.items():
        if difference > TOLERANCES[name]:
            raise SystemExit(f"{name} differs by {difference:g}")
    return differences


def convolutions(dtype: torch.dtype) -> Callable[[], None]:
    """All convolutions of one step with both gradients, and nothing else."""
    work = []
    for inputs, outputs, side, count in CONVOLUTIONS:
        image = torch.randn(4, inputs, side, side).to(dtype, memory_format=torch.channels_last)
        weight = torch.randn(outputs, inputs, 3, 3).to(dtype, memory_format=torch.channels_last)
        gradient = torch.randn(4, outputs, side, side).to(dtype, memory_format=torch.channels_last)
        work.append((image.requires_grad_(), weight.requires_grad_(), gradient, count))

    def run() -> None:
        for image, weight, gradient, count in work:
            for _ in range(count):
                result = torch.nn.functional.conv2d(image, weight, padding=1)
                torch.autograd.grad(result, (image, weight), gradient)

    return run


def main() -> None:
    """Measure, write and print."""
    torch.set_num_threads(1)
    formats = dict(FORMATS)
    if "--compile" in sys.argv[1:]:
        formats[COMPILED] = (*FORMATS[BFLOAT16], "train.compile=true")
    with tempfile.TemporaryDirectory() as folder:
        trainings = {}
        for number, (name, overrides) in enumerate(formats.items()):
            place = Path(folder, str(number))
            place.mkdir()
            trainings[name] = make_training(EXPERIMENT, place, 1000, *overrides)
        batch = first_batch(trainings["engine, plain"])
        step, _, _ = bare_loop(trainings["engine, plain"])
        differences = gate(trainings, batch)
        candidates: dict[str, Callable[[], Any]] = {"plain": partial(step, batch)} | {
            name: partial(iterate, training, batch) for name, training in trainings.items()
        }
        candidates["convolutions, float32"] = convolutions(torch.float32)
        candidates["convolutions, bfloat16"] = convolutions(torch.bfloat16)
        times = measure(candidates, repeats=REPEATS, warmup=WARMUP)
        losses = {
            name: float(iterate(training, batch)["l1"]) for name, training in trainings.items()
        }
    plain = times["plain"]["cpu_ms"]["median"]
    ratios = {name: times[name]["cpu_ms"]["median"] / plain for name in times}
    write_results(
        "rrdbnet_step",
        {"times": times, "ratio_to_plain": ratios, "difference": differences, "losses": losses},
        limits=LIMITS,
        tolerances=TOLERANCES,
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        amx=torch.cpu._is_amx_tile_supported(),
        avx512_bf16=torch.cpu._is_avx512_bf16_supported(),
    )
    print_table(times)
    for name, ratio in ratios.items():
        limit = f" (aim {LIMITS[name]:.2f})" if name in LIMITS else ""
        print(f"{name}: {ratio:.3f}x of plain{limit}")
    print("losses", losses)


if __name__ == "__main__":
    main()
