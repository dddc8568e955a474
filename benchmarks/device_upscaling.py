"""A image of 12 megapixels through RRDBNet x4 of the published size (random weights).

python benchmarks/device_upscaling.py --device cuda

``x4plus`` is 64 features and 23 blocks. Smaller pictures are compared between the precisions first,
in gray levels of the result.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import cv2
import numpy as np
import torch
from harness import ROOT, device_parser, write_results

import srcore
from srcore.images import ImageArray, read_image
from srcore.machine.device_names import UsePrecision

PRECISIONS: tuple[UsePrecision, ...] = ("float16", "bfloat16", "float32")
SMALL = (256, 320)


def main() -> None:
    """Compare on a small image, then time the large one."""
    options = device_parser(__doc__).parse_args()
    height, width = (48, 64) if options.tiny else (3000, 4000)
    size = {"num_features": 8, "num_blocks": 1} if options.tiny else {}
    torch.manual_seed(0)
    network = srcore.build("network", "rrdbnet", scale=4, **size).eval().to(options.device)
    photo = read_image(ROOT / "examples/images/train/astronaut.png")
    results = {"small": differences(network, photo[: SMALL[0], : SMALL[1]], options)}
    print(results["small"])
    image = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC)
    for precision in PRECISIONS[1:] if options.device == "cpu" else PRECISIONS:
        results[precision] = timed(network, image, precision, options.device)
        print(precision, results[precision], flush=True)
        write_results("device_upscaling", results, height=height, width=width)


def differences(
    network: torch.nn.Module, image: ImageArray, options: argparse.Namespace
) -> dict[str, int]:
    """Gray levels by which half precisions differ from float32, and tiles from the whole."""
    if options.tiny:
        image = image[:24, :32]
    exact = srcore.upscale(network, image, tile=None, border=0).astype(int)
    levels: dict[str, int] = {}
    on_cpu: tuple[UsePrecision, ...] = ("bfloat16",)
    for precision in on_cpu if options.device == "cpu" else ("float16", *on_cpu):
        other = srcore.upscale(network, image, tile=None, precision=precision, border=0)
        levels[precision] = int(np.abs(other - exact).max())
    levels["tiles of 64"] = int(
        np.abs(srcore.upscale(network, image, tile=64, border=0) - exact).max()
    )
    return levels


def timed(
    network: torch.nn.Module, image: ImageArray, precision: UsePrecision, device: str
) -> dict[str, Any]:
    """Seconds, megapixels per second and memory of one image, after a small one."""
    srcore.upscale(network, np.ascontiguousarray(image[:64, :64]), precision=precision, border=0)
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    begin = time.perf_counter()
    try:
        result = srcore.upscale(network, image, precision=precision, border=0)
    except srcore.errors.SrcoreError as error:
        return {"failed": str(error)}
    seconds = time.perf_counter() - begin
    megapixels = image.shape[0] * image.shape[1] / 1e6
    row = {
        "seconds": round(seconds, 3),
        "input_megapixels_per_second": round(megapixels / seconds, 3),
        "output_megapixels_per_second": round(result.shape[0] * result.shape[1] / seconds / 1e6, 3),
    }
    if device == "cuda":
        row["peak_mib"] = round(torch.cuda.max_memory_allocated() / 2**20)
        row["reserved_mib"] = round(torch.cuda.max_memory_reserved() / 2**20)
    return row


if __name__ == "__main__":
    main()
