"""Memory that backends take for an image, beside what tiles are chosen by.

    python benchmarks/backend_memory.py WEIGHTS... [--only BACKEND] [--sides 128 224 320]

WEIGHTS are files of published generators. In a fresh process for every size a small image goes
first, so that what is recorded, compiled and kept is there before. Then one image is enlarged
whole, and counted is by how much the largest resident size exceeds the one before it (Linux sets
it back on request). Divided by the pixels of the image that is ``bytes``;
``per_pixel`` is what srcore takes the network for (``memory_per_pixel``), of which a backend's
``memory`` is a multiple. One thread.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from harness import RESULTS, ROOT, resident_rise, write_results

import srcore
from srcore.images import ImageArray
from srcore.inference.memory import memory_per_pixel
from srcore.machine.resident_memory import give_back_memory

NAME = "backend_memory"
BACKENDS = ("torch", "compile", "ncnn", "openvino", "onnxruntime")
SIDES = (128, 224, 320)
FIRST = 48


def image_of(side: int) -> ImageArray:
    """An image of noise that is not too fine."""
    noise = np.random.default_rng(0).integers(0, 256, (-(-side // 8), -(-side // 8), 3), np.uint8)
    return cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)


def one(source: str, backend: str, side_text: str) -> None:
    """What a fresh process does: growth in bytes per pixel."""
    network, side = srcore.load_generator(source), int(side_text)
    options: dict[str, Any] = {"tile": None, "backend": backend}
    srcore.upscale(network, image_of(FIRST), **options, border=0)
    image = image_of(side)
    give_back_memory()  # what is free but kept would hide what is taken
    rise = resident_rise(lambda: srcore.upscale(network, image, **options, border=0))
    print(round(rise * 2**20 / side**2))


def growth(source: str | Path, backend: str, side: int) -> int:
    """Of a fresh process."""
    command = [sys.executable, __file__, "--one", str(source), backend, str(side)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return int(done.stdout.split()[-1])


def main() -> None:
    """Measure, write the results."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("weights", nargs="+", type=Path, help="files of published generators")
    parser.add_argument("--only", action="append", help="name of a backend")
    parser.add_argument("--sides", nargs="+", type=int, default=SIDES)
    asked = parser.parse_args()
    path = RESULTS / f"{NAME}.json"
    results = json.loads(path.read_text("utf-8"))["results"] if path.exists() else {}
    for source in asked.weights:
        print(source.stem, flush=True)
        rows = results.setdefault(source.stem, {})
        rows["per_pixel"] = round(memory_per_pixel(srcore.load_generator(source)))
        for backend in asked.only or BACKENDS:
            rows[backend] = {str(it): growth(source, backend, it) for it in asked.sides}
            print(f"  {backend}: {rows[backend]}", flush=True)
            write_results(NAME, results, first=FIRST)


if __name__ == "__main__":
    main()
