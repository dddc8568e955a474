"""SeD's fusion block on fused attention kernels against softmax written out, as it was published.

The largest fusion of U+SeD: images of 256x256, feature width 64, so that 256 semantic tokens of
1024 channels look at 128 x 128 = 16384 positions of 128 channels. Forward and backward, of the
cross attention on given queries, keys and values, of its layer with the projections that make them,
and of the whole block. Memory is how far a pass raises the resident size of a
fresh process above that with layers and inputs.

    python benchmarks/sed_fusion.py [--batch 8] [--repeats 7]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import unittest.mock
from collections.abc import Callable
from typing import Any

import torch
from harness import measure, print_table, resident_rise, write_results
from srplug_sed import fusion
from srplug_sed.fusion import MultiHeadAttention, SemanticFusion
from torch import Tensor

SEMANTIC, FEATURES = (1024, 16, 16), (128, 128, 128)
WIDTH, UP_FACTOR = 64, 8
PARTS = ("attention", "layer", "block")
KERNELS = ("explicit", "fused")


def explicit_attention(
    q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None, backend: str = "auto"
) -> Tensor:
    """Softmax attention written out: all scores are stored, for the backward pass too."""
    scores: Tensor = q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5
    return scores.softmax(-1) @ v


class Attention(torch.nn.Module):
    """What the fusion block calls, without parameters."""

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """One head."""
        return fusion.attention(q, k, v)  # type: ignore[attr-defined]  # what the block has


def build(part: str, batch: int) -> tuple[torch.nn.Module, list[Tensor]]:
    """A layer with random weights, and inputs that want gradients."""
    torch.manual_seed(0)
    queries, keys = (size[1] * size[2] for size in (SEMANTIC, FEATURES))
    layer: torch.nn.Module
    shapes: list[tuple[int, ...]]
    if part == "block":
        layer = SemanticFusion(SEMANTIC[0], 1, WIDTH, FEATURES[0], UP_FACTOR)
        shapes = [(batch, *SEMANTIC), (batch, *FEATURES)]
    elif part == "layer":
        layer = MultiHeadAttention(WIDTH)
        shapes = [(batch, count, WIDTH) for count in (queries, keys)]
    else:
        layer = Attention()
        shapes = [(batch, 1, count, WIDTH) for count in (queries, keys, keys)]
    for parameter in layer.parameters():  # the block's own start would hide its inside
        torch.nn.init.normal_(parameter, std=0.05)
    return layer, [torch.randn(shape, requires_grad=True) for shape in shapes]


def pass_of(part: str, kernel: str, batch: int) -> Callable[[], list[Tensor]]:
    """A forward and backward pass that returns output and gradients."""
    layer, inputs = build(part, batch)
    leaves = [*inputs, *layer.parameters()]

    def run() -> list[Tensor]:
        output = layer(*inputs)
        return [output.detach(), *torch.autograd.grad(output.square().mean(), leaves)]

    def run_explicit() -> list[Tensor]:
        with unittest.mock.patch("srplug_sed.fusion.attention", explicit_attention):
            return run()

    return run_explicit if kernel == "explicit" else run


def check(part: str) -> float:
    """Refuse to time what differs; return the largest difference relative to the values."""
    first, second = (pass_of(part, kernel, 1)() for kernel in KERNELS)
    worst = 0.0
    for one, other in zip(first, second, strict=True):
        worst = max(worst, float((one - other).abs().max() / one.abs().max()))
    if worst > 1e-3:
        raise SystemExit(f"{part}: results differ by {worst:.2g}")
    return worst


def memory_of(part: str, kernel: str, batch: int) -> float:
    """MiB that a pass takes beyond layers and inputs, in a fresh process."""
    command = [sys.executable, sys.argv[0], "--batch", str(batch), "--only", part, kernel]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def print_memory(part: str, kernel: str, batch: int) -> None:
    """Run once and print how far the resident memory rose above where it was (Linux)."""
    pass_of(part, kernel, 1)()  # what libraries set up once
    print(resident_rise(pass_of(part, kernel, batch)))


def main() -> None:
    """Measure, print and write benchmarks/results/sed_fusion.json."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--batch", type=int, default=8, help="images (8, as published)")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs=2, metavar=("PART", "KERNEL"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.only:
        part, kernel = options.only
        print_memory(part, kernel, options.batch)
        return
    results: dict[str, Any] = {}
    for part in PARTS:
        memory = {kernel: memory_of(part, kernel, options.batch) for kernel in KERNELS}
        difference = check(part)
        times = measure(
            {kernel: pass_of(part, kernel, options.batch) for kernel in KERNELS},
            repeats=options.repeats,
            warmup=1,
        )
        results[part] = {
            "largest_relative_difference": difference,
            "times": times,
            "memory_mib": memory,
            "memory_ratio": memory["explicit"] / memory["fused"],
        }
        print(part)
        print_table(times)
        print("  ".join(f"{name} {size:.0f} MiB" for name, size in memory.items()))
    write_results(
        "sed_fusion",
        results,
        semantic=SEMANTIC,
        features=FEATURES,
        batch=options.batch,
        threads=options.threads,
    )


if __name__ == "__main__":
    main()
