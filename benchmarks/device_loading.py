"""Batches from PNG files to the device: as many as a GPU could take in a second.

python benchmarks/device_loading.py --device cuda

Photographs of 480x480 pixels, crops of 128, batches of 16, flips and rotations, low-resolution
images made on the fly or read; the loader, the pinned memory and the copy are those of a training.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from harness import device_parser, write_results
from training_pairs import PHOTOGRAPHS, make_training

from srcore.engine.sampling import to_device
from srcore.engine.training import Training
from srcore.images import read_image, to_rgb, write_image
from srcore.transforms.resize import resize_uint8

EXPERIMENT = """
scale = 4
[generator]
type = "edsr"
num_features = 4
num_blocks = 1
[[losses]]
type = "l1"
[data.train]
type = "paired_folder"
hr = "hr"
lr = "lr"
hr_patch_size = 128
flip = true
rotate = true
[train]
batch_size = 16
tensorboard = false
"""


def main() -> None:
    """Write pictures, then read them in several ways."""
    options = device_parser(__doc__).parse_args()
    seconds = 0.2 if options.tiny else 2.5
    cores = os.cpu_count() or 1
    results = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pairs(folder, 4 if options.tiny else 48)
        workers = [0, 1] if options.tiny else sorted({0, 4, 8, max(1, cores - 1)})
        ways: list[tuple[str, int, tuple[str, ...]]] = [("png", count, ()) for count in workers]
        ways += [("cache in memory", workers[1], ('data.train.cache="memory"',))]
        for number, (label, count, overrides) in enumerate(ways):
            place = folder / str(number)
            place.mkdir()
            training = make_training(
                EXPERIMENT,
                place,
                10**6,
                f"data.train.hr={folder / 'hr'}",
                f"data.train.lr={folder / 'lr'}",
                f"data.train.workers={count}",
                *overrides,
                device=options.device,
            )
            key = f"{label}, {count} processes"
            results[key] = rate(training, torch.device(options.device), seconds)
            print(key, results[key], flush=True)
            write_results("device_loading", results, cores=cores)


def write_pairs(folder: Path, count: int) -> None:
    """Pictures of 480x480 from the example photographs, turned and mirrored."""
    sources = [to_rgb(read_image(path)) for path in sorted(PHOTOGRAPHS.glob("*.png"))]
    sources = [image for image in sources if min(image.shape[:2]) >= 480]
    for number in range(count):
        image = sources[number % len(sources)][:480, :480]
        hr = np.ascontiguousarray(np.rot90(image, number // len(sources)))
        write_image(folder / "hr" / f"{number:02}.png", hr, durable=False)
        lr = resize_uint8(hr, size=(120, 120))
        write_image(folder / "lr" / f"{number:02}.png", lr, durable=False)


def rate(training: Training, device: torch.device, seconds: float) -> dict[str, float]:
    """Images per second that arrive on the device; the first batches do not count."""
    with training.feed.open(0, 10**6) as readers:
        batches = iter(readers)
        for _ in range(3):
            to_device(next(batches), device)
        count, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < seconds:
            count += len(to_device(next(batches), device)["lr"])
            if device.type == "cuda":
                torch.cuda.synchronize()
        took = time.perf_counter() - begin
    return {"images_per_second": round(count / took, 1)}


if __name__ == "__main__":
    main()
