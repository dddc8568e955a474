"""Tiles against the whole image: time, largest difference and peak memory. One thread.

``plain`` is the whole image in one call of the network as one writes it in PyTorch; ``whole`` is
the same by ``srcore.upscale(tile=None)``, which gives the network the faster memory layout.

python benchmarks/tiling.py [WEIGHTS.safetensors ...]

Without weights, the models that come with srcore and networks with initial weights are measured.
``large`` runs the command line on an image of 12000x8000 pixels in a fresh process and takes
minutes:

python benchmarks/tiling.py --large WEIGHTS.safetensors
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from harness import measure, peak_memory, print_table, write_results
from skimage import data

import srcore
from srcore.images import ImageArray, write_image
from srcore.upscaling.shipped import SCALES, shipped_model

HEIGHT, WIDTH, TILE = 240, 320, 64
NETWORKS = {
    "edsr x2, 32 features, 4 blocks": ("edsr", 2, {"num_features": 32, "num_blocks": 4}),
    "edsr x4, 64 features, 8 blocks": ("edsr", 4, {"num_features": 64, "num_blocks": 8}),
    "rrdbnet x4, 32 features, 4 blocks": (
        "rrdbnet",
        4,
        {"num_features": 32, "num_blocks": 4, "growth_channels": 16},
    ),
}


def networks(paths: Sequence[str]) -> dict[str, torch.nn.Module]:
    """Networks by name: those of the files, or the shipped models and some with initial weights."""
    if paths:
        return {Path(path).stem: srcore.load_generator(path) for path in paths}
    torch.manual_seed(0)
    shipped = {f"shipped x{scale}": srcore.load_generator(shipped_model(scale)) for scale in SCALES}
    return shipped | {
        name: srcore.build("network", kind, scale=scale, **options).eval()
        for name, (kind, scale, options) in NETWORKS.items()
    }


def differences(
    network: torch.nn.Module, image: ImageArray, tiles: Sequence[int]
) -> dict[str, int]:
    """Largest difference from the whole image in gray levels of 8 bits, by tile."""
    whole = srcore.upscale(network, image, tile=None, border=0).astype(int)
    return {
        str(tile): int(np.abs(srcore.upscale(network, image, tile=tile, border=0) - whole).max())
        for tile in tiles
    }


def plain(network: torch.nn.Module, image: ImageArray) -> ImageArray:
    """The whole image by PyTorch alone."""
    with torch.inference_mode():
        lr = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float() / 255
        sr = network(lr).clamp(0, 1).mul(255).round().to(torch.uint8)
    array: ImageArray = sr[0].numpy().transpose(1, 2, 0)
    return array


def compare(network: torch.nn.Module, image: ImageArray) -> dict[str, Any]:
    """Times of tiles relative to the whole image (CPU time of the thread)."""
    tiles = {"whole": None, "64": TILE, "128": 128, "192": 192}
    gate = differences(network, image, [64, 128, 192])
    if max(gate.values()) > 1:
        raise SystemExit(f"tiled and whole results differ by more than 1/255: {gate}")
    timed = measure(
        {"plain": lambda: plain(network, image)}
        | {
            name: lambda tile=tile: srcore.upscale(network, image, tile=tile, border=0)
            for name, tile in tiles.items()
        },
        repeats=9,
        warmup=1,
    )
    # Pairs of one round, so that what disturbs the machine falls on both.
    results: dict[str, Any] = {"largest_difference": gate}
    for base in ("plain", "whole"):
        reference = timed[base]["cpu_ms"]["values"]
        results[f"ratio_to_{base}"] = {
            name: round(float(np.median(np.divide(values["cpu_ms"]["values"], reference))), 3)
            for name, values in timed.items()
        }
    print_table(timed)
    print(results)
    return results | {"times": timed}


def large(weights: Path) -> dict[str, float]:
    """Peak memory in MiB of the command line on 96 megapixels."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.jpg", Path(folder) / "out.png"
        photo = data.astronaut()
        tiled = np.tile(photo, (16, 24, 1))[:8000, :12000]
        write_image(source, np.ascontiguousarray(tiled), durable=False)
        arguments = ["-m", "srcore", "upscale", source, "-o", target, "--weights", weights]
        return {"peak_mib": peak_memory([str(argument) for argument in arguments])}


def main(arguments: Sequence[str]) -> None:
    """Measure and write the results."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if arguments[:1] == ["--large"]:
        peak = large(Path(arguments[1]).resolve())
        print(peak)
        write_results("tiling_large", peak, height=8000, width=12000)
        return
    image = np.ascontiguousarray(data.astronaut()[:HEIGHT, :WIDTH])
    results: dict[str, Any] = {}
    for name, network in networks(arguments).items():
        print(name)
        results[name] = compare(network, image)
    write_results("tiling", results, height=HEIGHT, width=WIDTH)


if __name__ == "__main__":
    main(sys.argv[1:])
