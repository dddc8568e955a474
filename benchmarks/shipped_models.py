"""The small models that come with srcore: colors they shift, and the time for 500x500 pixels.

    python benchmarks/shipped_models.py PHOTOGRAPHS...

One thread, settings of `srcore upscale`. Flat images of 343 colors: largest deviation. Photographs
(folders of low-resolution images): the mean of every channel before and after. The quality table
of srcore/models/README.md is made by `srcore evaluate`.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import measure, print_table, write_results
from numpy.typing import NDArray
from torch import nn

import srcore
from srcore.images import list_images, read_rgb
from srcore.upscaling.shipped import SCALES, shipped_model

BORDER = 8
LEVELS = (0, 16, 64, 128, 192, 240, 255)


def upscale(network: nn.Module, image: NDArray[np.uint8], tile: Any = "auto") -> NDArray[np.uint8]:
    """As the command does."""
    large: NDArray[np.uint8] = srcore.upscale(network, image, border=BORDER, tile=tile)
    return large


def flat_colors(network: nn.Module) -> dict[str, Any]:
    """Largest deviation in gray levels, and that of black and white."""
    worst = {}
    for color in itertools.product(LEVELS, repeat=3):
        image = np.full((24, 27, 3), color, np.uint8)
        worst[color] = int(np.abs(upscale(network, image).astype(int) - color).max())
    return {
        "largest_deviation": max(worst.values()),
        "black": worst[(0, 0, 0)],
        "white": worst[(255, 255, 255)],
        "colors": len(worst),
    }


def mean_shifts(network: nn.Module, folders: Sequence[Path]) -> dict[str, Any]:
    """Shift of the mean of every channel, in gray levels, over all photographs."""
    shifts = []
    for path in (path for folder in folders for path in list_images(folder)):
        lr = read_rgb(path)
        shifts.append(upscale(network, lr).mean((0, 1)) - lr.mean((0, 1)))
    return {
        "photographs": len(shifts),
        "mean_shift_rgb": [round(float(value), 4) for value in np.mean(shifts, axis=0)],
        "largest_shift": round(float(np.abs(shifts).max()), 4),
    }


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photographs", type=Path, nargs="+")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    image = np.random.default_rng(0).integers(0, 256, (500, 500, 3), np.uint8)
    networks = {scale: srcore.load_generator(shipped_model(scale), "cpu") for scale in SCALES}
    results = {}
    for scale, network in networks.items():
        results[f"x{scale}"] = {
            "flat": flat_colors(network),
            "photographs": mean_shifts(network, arguments.photographs),
        }
        sys.stdout.write(f"x{scale}: {results[f'x{scale}']}\n")
    timed = measure(
        {f"x{scale}": partial(upscale, network, image) for scale, network in networks.items()},
        repeats=5,
        warmup=1,
    )
    print_table(timed)
    for name, times in timed.items():
        results[name]["500x500"] = times
    write_results("shipped_models", results, border=BORDER)


if __name__ == "__main__":
    main()
