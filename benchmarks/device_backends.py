"""Pictures in tiles by PyTorch, CUDA graphs and PyTorch's compiler, in three precisions.

python benchmarks/device_backends.py --device cuda [--weights FOLDER] [--seconds 45]

Networks of published sizes with initial weights, and the files of a folder. Each backend makes the
picture once, which records it and is compared with PyTorch in float32, in gray levels; then they
are timed in turns. ``compile`` comes last and for tiles of one size: it compiles for minutes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import ROOT, device_parser, measure_for, print_times, write_results
from torch import nn

import srcore
from srcore.errors import SrcoreError
from srcore.images import ImageArray, read_image
from srcore.machine.device_names import UsePrecision

#: The architectures of RealESRGAN_x4plus and realesr-animevideov3.
PUBLISHED: dict[str, dict[str, int]] = {
    "rrdbnet": {"num_features": 64, "num_blocks": 23},
    "compact": {"num_features": 64, "num_convs": 16},
}
TINY: dict[str, dict[str, int]] = {"compact": {"num_features": 8, "num_convs": 1}}
PRECISIONS: tuple[UsePrecision, ...] = ("float32", "bfloat16", "float16")
SIDE = 512
TILES = (64, 128, 256)
COMPILED_TILE = 128


def main() -> None:
    """Compare and time one network after the other."""
    parser = device_parser(__doc__)
    parser.add_argument("--weights", type=Path, help="folder of published generators")
    parser.add_argument("--seconds", type=float, default=1e9, help="no row is begun after them")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    side, tiles = (40, (20,)) if options.tiny else (SIDE, TILES)
    photo = np.ascontiguousarray(read_image(ROOT / "examples/images/train/astronaut.png"))
    picture = photo[:side, :side]
    networks = made(options)
    results: dict[str, dict[str, Any]] = {name: {} for name in networks}
    for is_compiled in (False, True):
        for name, network in networks.items():
            for precision in PRECISIONS[: 2 if options.tiny else 3]:
                for tile in tiles:
                    if time.monotonic() > end or (is_compiled and tile != COMPILED_TILE):
                        continue
                    row = one_size(
                        network, picture, tile, precision, options.device, is_compiled=is_compiled
                    )
                    label = f"{precision}, tiles of {tile}{', compiled' if is_compiled else ''}"
                    results[name][label] = row
                    print_times(f"{name}, {label}", row["times"])
                    print(f"  levels {row['levels']}", flush=True)
                    write_results("device_backends", results, side=side)


def made(options: argparse.Namespace) -> dict[str, nn.Module]:
    """Networks by name, on the device."""
    torch.manual_seed(0)
    sizes = TINY if options.tiny else PUBLISHED
    networks = {
        f"{name}, initial weights": srcore.build("network", name, scale=4, **size).eval()
        for name, size in sizes.items()
    }
    if options.weights is not None:
        files = sorted(options.weights.glob("*.safetensors"))
        networks |= {path.stem: srcore.load_generator(path) for path in files}
    return {name: network.to(options.device) for name, network in networks.items()}


def one_size(
    network: nn.Module,
    picture: ImageArray,
    tile: int,
    precision: UsePrecision,
    device: str,
    *,
    is_compiled: bool,
) -> dict[str, Any]:
    """Times of all backends for tiles of a size, and levels from PyTorch in float32."""
    # Context is given: networks of convolutions would be computed by rows without.
    given: dict[str, Any] = {"tile": tile, "overlap": min(16, tile // 4)}
    names = ["torch"]
    if device == "cuda":
        names.append("compile" if is_compiled else "cudagraphs")
    exact = srcore.upscale(network, picture, **given, border=0).astype(int)
    calls: dict[str, Callable[[], ImageArray]] = {}
    levels: dict[str, int | str] = {}
    first: dict[str, float] = {}
    for name in names:
        call = partial(srcore.upscale, network, picture, backend=name, precision=precision, **given)
        began = time.perf_counter()
        try:
            levels[name] = int(np.abs(call() - exact).max())
        except SrcoreError as error:
            levels[name] = str(error)[:300]
            continue
        first[name] = round(time.perf_counter() - began, 2)
        calls[name] = call
    times = measure_for(calls, device=device, seconds=0.3)
    return {"times": times, "levels": levels, "seconds of the first": first}


if __name__ == "__main__":
    main()
