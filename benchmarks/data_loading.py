"""Loading pairs of 480x480 / 120x120 PNG files, crop 128 / 32, flips and rotations. One thread.

Compared with the usual way (decode, convert the whole image to float32, then crop), with decoding
alone, and with both caches. Times are per pass over all pairs; rates are pairs per CPU second.

python benchmarks/data_loading.py
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from harness import measure, print_table, write_results
from skimage import data

from srcore.datasets.paired_folder import PairedFolder
from srcore.images import to_rgb, to_tensor, write_image
from srcore.transforms.resize import resize_uint8

SCALE, HR, PATCH = 4, 480, 128
PAIRS = 24


def write_pairs(folder: Path) -> None:
    """Cut 480x480 images from photographs; each is another place, channel order or mirror image."""
    sources = [
        to_rgb(image)
        for image in (data.astronaut(), data.retina(), data.hubble_deep_field(), data.gravel())
    ]
    generator = np.random.default_rng(0)
    for number in range(PAIRS):
        image = sources[number % len(sources)]
        top, left = (int(generator.integers(side - HR + 1)) for side in image.shape[:2])
        hr = image[top : top + HR, left : left + HR, generator.permutation(3)]
        hr = np.ascontiguousarray(hr[:, :: 1 if number % 8 < 4 else -1])
        lr = resize_uint8(hr, size=(HR // SCALE, HR // SCALE))
        write_image(folder / "hr" / f"{number:02}.png", hr, durable=False)
        write_image(folder / "lr" / f"{number:02}.png", lr, durable=False)


def convert_then_crop(folder: Path, index: int, seed: int) -> list[torch.Tensor]:
    """Decode both images, convert both to float32 in [0, 1], crop, flip, transpose, to tensor."""
    generator = np.random.default_rng(seed)
    images = [image.astype(np.float32) / 255.0 for image in decode_only(folder, index, seed)]
    patch = PATCH // SCALE
    top, left = (int(generator.integers(HR // SCALE - patch + 1)) for _ in "yx")
    flip, upside_down, transpose = generator.random(3) < 0.5
    tensors = []
    for image, factor in zip(images, (1, SCALE), strict=True):
        y, x, size = top * factor, left * factor, patch * factor
        crop = image[y : y + size, x : x + size]
        crop = crop[:, ::-1] if flip else crop
        crop = crop[::-1] if upside_down else crop
        crop = crop.swapaxes(0, 1) if transpose else crop
        crop = cv2.cvtColor(np.ascontiguousarray(crop), cv2.COLOR_BGR2RGB)
        tensors.append(torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1))))
    return tensors


def crop_then_convert(dataset: PairedFolder, index: int, seed: int) -> list[torch.Tensor]:
    """A sample of srcore as float tensors."""
    sample = dataset.sample(index, np.random.default_rng(seed))
    return [to_tensor(sample["lr"]), to_tensor(sample["hr"])]


def decode_only(folder: Path, index: int, seed: int) -> list[Any]:
    """What no loader of PNG files can beat."""
    images = [cv2.imread(str(folder / kind / f"{index:02}.png")) for kind in ("lr", "hr")]
    return [image for image in images if image is not None]


def main() -> None:
    """Check that all ways give the same crops, then time them."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pairs(folder)
        options: dict[str, Any] = {
            "scale": SCALE,
            "hr": folder / "hr",
            "lr": folder / "lr",
            "hr_patch_size": PATCH,
        }
        plain = PairedFolder(**options)
        memory = PairedFolder(**options, cache="memory")
        disk = PairedFolder(**options, cache="disk", cache_folder=folder / "cache")
        for index in range(PAIRS):
            expected = convert_then_crop(folder, index, index)
            for dataset in (plain, memory, disk):  # fills the caches too
                crops = crop_then_convert(dataset, index, index)
                for got, wanted in zip(crops, expected, strict=True):
                    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-7)

        def every(
            function: Callable[[Any, int, int], Any], source: Path | PairedFolder
        ) -> Callable[[], Any]:
            # Other crops in every pass, the same ones for every candidate: how much of a PNG file
            # has to be decoded depends on where the crop lies.
            seeds = itertools.count()
            return lambda: [function(source, index, next(seeds)) for index in range(PAIRS)]

        results = measure(
            {
                "convert whole images, then crop": every(convert_then_crop, folder),
                "srcore": every(crop_then_convert, plain),
                "srcore, cache = memory": every(crop_then_convert, memory),
                "srcore, cache = disk": every(crop_then_convert, disk),
                "decoding alone": every(decode_only, folder),
            },
            repeats=15,
        )
        sizes = [path.stat().st_size for path in (folder / "hr").iterdir()]
    print_table(results)
    medians = {name: clocks["cpu_ms"]["median"] for name, clocks in results.items()}
    usual = medians["convert whole images, then crop"]
    rates = {name: round(PAIRS / median * 1000, 1) for name, median in medians.items()}
    gains = {name: round(usual / median, 2) for name, median in medians.items()}
    for name in rates:
        print(f"{name:32} {rates[name]:8.1f} pairs/s  {gains[name]:6.2f} x")
    path = write_results(
        "data_loading",
        {"times": results, "pairs_per_cpu_second": rates, "gain_over_usual": gains},
        pairs=PAIRS,
        hr=HR,
        scale=SCALE,
        hr_patch_size=PATCH,
        mean_hr_file_kib=round(sum(sizes) / len(sizes) / 1024, 1),
        torch_threads=1,
        opencv_threads=1,
    )
    print(path)


if __name__ == "__main__":
    main()
