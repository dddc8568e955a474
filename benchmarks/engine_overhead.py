"""Cost of the engine around a training step: RRDBNet 64 features, 4 blocks, batch 4, LR 32x32.

python benchmarks/engine_overhead.py

One CPU thread. The hand-written loop does the same: the batch to float, forward, L1, backward,
Adam, average of the weights. Gate: after all iterations both hold the same weights and averages.
The engine logs every iteration, far more often than by default: a line with losses, speed, waiting
and time left. "engine alone" repeats it on crops of 2x2 LR pixels: the same network, optimizer and
handlers with hardly any arithmetic, which shows the cost of the engine itself more sharply.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from harness import print_table, write_results
from training_pairs import first_batch, in_turns, largest_difference, make_training

from srcore.engine.training import Training

LIMIT = 0.01
EXPERIMENT = """
scale = 4
[generator]
type = "rrdbnet"
num_blocks = 4
[[losses]]
type = "l1"
[optimizer.generator]
type = "adam"
learning_rate = 1e-4
[data.train]
type = "hr_folder"
hr = "images"
hr_patch_size = 128
workers = 0
[train]
batch_size = 4
device = "cpu"
tensorboard = false
ema_warmup = false
checkpoint_every = 1000000
log_every = 1
"""


#: One iteration on a batch as the loader hands it out.
Step = Callable[[Mapping[str, torch.Tensor]], None]


def bare_loop(
    training: Training, *, capturable: bool = False
) -> tuple[Step, torch.nn.Module, torch.nn.Module]:
    """The step as one writes it by hand; returns (step, network, average).

    ``capturable``: for a CUDA graph.
    """
    network = copy.deepcopy(training.parts.generator_module)
    average = copy.deepcopy(network).eval().requires_grad_(False)
    adam = torch.optim.Adam(network.parameters(), lr=1e-4, betas=(0.9, 0.99), capturable=capturable)

    def step(raw: Mapping[str, torch.Tensor]) -> None:
        lr, hr = (
            raw[name].permute(0, 3, 1, 2).float().contiguous().div_(255) for name in ("lr", "hr")
        )
        adam.zero_grad(set_to_none=True)
        loss = (network(lr) - hr).abs().mean()
        loss.backward()
        adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 0.001)

    return step, network, average


def compare(iterations: int, warmup: int, *overrides: str) -> tuple[Any, Any, float]:
    """Times, overhead and difference of weights after ``iterations`` of both."""
    with tempfile.TemporaryDirectory() as folder:
        training = make_training(EXPERIMENT, Path(folder), iterations, *overrides)
        step, network, average = bare_loop(training)
        times, overhead = in_turns(training, step, first_batch(training), warmup)
        assert training.parts.ema is not None  # the experiment has one
        difference = max(
            largest_difference(training.parts.generator_module, network),
            largest_difference(training.parts.ema.network, average),
        )
        if difference:
            raise SystemExit(f"engine and bare loop differ by {difference:g}")
        return times, overhead, difference


def main() -> None:
    """Measure both, write and print."""
    torch.set_num_threads(1)
    times, overhead, difference = compare(43, 2)
    alone, _, _ = compare(203, 2, "data.train.hr_patch_size=8")
    cost = alone["engine"]["cpu_ms"]["median"] - alone["bare"]["cpu_ms"]["median"]
    derived = cost / times["bare"]["cpu_ms"]["median"]
    results = {
        "full step": times,
        "overhead": overhead,
        "step on 2x2 pixels": alone,
        "engine_ms_per_iteration": cost,
        "overhead_from_engine_ms": derived,
        "largest_difference_of_weights": difference,
    }
    write_results("engine_overhead", results, limit=LIMIT)
    print_table({f"full step, {name}": clocks for name, clocks in times.items()})
    print_table({f"2x2 pixels, {name}": clocks for name, clocks in alone.items()})
    print(f"overhead, median of pairs: {overhead['median']:+.2%} {overhead['quartiles']}")
    print(f"engine alone: {cost:.2f} ms per iteration = {derived:+.2%} of the step")


if __name__ == "__main__":
    main()
