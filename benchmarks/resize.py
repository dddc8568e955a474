"""MATLAB bicubic of 2040x1356 RGB by 1/4, and back, against straightforward formulations.

python benchmarks/resize.py
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from harness import measure, print_table, write_results
from torch import Tensor

from srcore.transforms.resize import resize

HEIGHT, WIDTH, SCALE = 1356, 2040, 4
TOLERANCE = 1e-6


def taps(n_in: int, n_out: int, scale: float) -> tuple[tuple[int, int], Any, Tensor]:
    """Padding, first padded position and weights of every output, from the definition."""
    stretch = min(scale, 1)
    center = (np.arange(n_out) + 0.5) / scale - 0.5
    left = np.floor(center - 2 / stretch).astype(int)
    positions = left[:, None] + np.arange(math.ceil(4 / stretch) + 2)
    t = np.abs(stretch * (center[:, None] - positions))
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    weights = np.where(t <= 1, near, np.where(t <= 2, far, 0))
    weights /= weights.sum(axis=1, keepdims=True)
    before, after = max(0, -positions.min()), max(0, positions.max() - n_in + 1)
    return (before, after), torch.from_numpy(positions + before), torch.from_numpy(weights)


def padded_rows(image: Tensor, before: int, after: int) -> Tensor:
    """Mirror rows, repeating the edge."""
    height = image.shape[1]
    return torch.cat((image[:, :before].flip(1), image, image[:, height - after :].flip(1)), dim=1)


def gather_rows(image: Tensor, scale: float) -> Tensor:
    """Index all taps of all outputs at once, multiply, sum."""
    height = image.shape[1]
    pad, positions, weights = taps(height, math.ceil(height * scale), scale)
    gathered = padded_rows(image, *pad)[:, positions]
    return (gathered * weights.to(image.dtype)[None, :, :, None]).sum(dim=2)


def loop_rows(image: Tensor, scale: float) -> Tensor:
    """One output row after the other: its taps times its weights."""
    height = image.shape[1]
    pad, positions, weights = taps(height, math.ceil(height * scale), scale)
    image, weights = padded_rows(image, *pad), weights.to(image.dtype)
    output = image.new_empty(len(image), len(positions), image.shape[2])
    for row, (first, row_weights) in enumerate(zip(positions[:, 0].tolist(), weights, strict=True)):
        window = image[:, first : first + len(row_weights)].transpose(1, 2)
        output[:, row] = window @ row_weights
    return output


def both_axes(along_rows: Callable[[Tensor, float], Tensor], image: Tensor, scale: float) -> Tensor:
    """Rows, then columns by transposition."""
    tall = along_rows(image, scale).transpose(1, 2).contiguous()
    return along_rows(tall, scale).transpose(1, 2).contiguous()


def main() -> None:
    """Check that the values agree, then time."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    results: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for name, scale, height, width in (
        ("down", 1 / SCALE, HEIGHT, WIDTH),
        ("up", SCALE, HEIGHT // SCALE, WIDTH // SCALE),
    ):
        image = torch.rand(3, height, width, generator=generator)
        exact = both_axes(gather_rows, image.double(), scale)
        candidates = {
            f"{name}: srcore": partial(resize, image, scale=scale),
            f"{name}: index and gather": partial(both_axes, gather_rows, image, scale),
            f"{name}: loop over rows": partial(both_axes, loop_rows, image, scale),
        }
        for candidate, call in candidates.items():
            errors[candidate] = (call() - exact).abs().max().item()
            assert errors[candidate] < TOLERANCE, (candidate, errors[candidate])
        # Another function at the border, hence no gate: the price of torch's own code.
        candidates[f"{name}: torch antialias (other border)"] = partial(
            F.interpolate, image[None], scale_factor=scale, mode="bicubic", antialias=True
        )
        results |= measure(candidates, repeats=15)
    print_table(results)
    medians = {name: clocks["cpu_ms"]["median"] for name, clocks in results.items()}
    ratios = {
        name: {
            slow: medians[f"{name}: srcore"] / medians[f"{name}: {slow}"]
            for slow in ("index and gather", "loop over rows", "torch antialias (other border)")
        }
        for name in ("down", "up")
    }
    print(ratios)
    path = write_results(
        "resize",
        results,
        shape=[3, HEIGHT, WIDTH],
        scale=f"1/{SCALE} and {SCALE}",
        dtype="float32",
        largest_difference_to_float64=errors,
        ratios_of_cpu_medians=ratios,
    )
    print(path.name)


if __name__ == "__main__":
    main()
