"""Files of 8 and 16 bits resampled block by block, against all of the image in float64 at once.

python benchmarks/resize_uint8.py [--threads N ...] [--repeats N]

Both compute in float64; the gate is that every pixel is the same.
"""

from __future__ import annotations

import argparse
import os
from functools import partial
from typing import Any

import numpy as np
import torch
from harness import measure, print_table, write_results
from numpy.typing import NDArray

from srcore.transforms.bicubic_dialect import BicubicDialect
from srcore.transforms.resize import resize, resize_uint8

HEIGHT, WIDTH, SCALE = 1356, 2040, 4

Case = tuple[BicubicDialect, type[np.integer], int, float]
#: Dialect, type, how much smaller the image is than 2040x1356, scale.
CASES: dict[str, Case] = {
    "matlab, 8 bits, to 1/4": ("matlab", np.uint8, 1, 1 / SCALE),
    "matlab, 8 bits, to 1/2": ("matlab", np.uint8, 1, 1 / 2),
    "matlab, 8 bits, times 4": ("matlab", np.uint8, SCALE, SCALE),
    "matlab, 16 bits, to 1/4": ("matlab", np.uint16, 1, 1 / SCALE),
    "opencv, 8 bits, to 1/4": ("opencv", np.uint8, 1, 1 / SCALE),
}


def whole_image(
    array: NDArray[np.integer], *, scale: float, dialect: BicubicDialect
) -> NDArray[np.integer]:
    """What resize_uint8 did before."""
    peak = int(np.iinfo(array.dtype).max)
    image = torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, 0), dtype=np.float64))
    if dialect == "opencv":
        levels = resize(image, scale=scale, dialect=dialect).round()
    else:
        levels = (resize(image / peak, scale=scale, dialect=dialect) * peak + 0.5).floor()
    output = levels.clamp(0, peak).numpy().astype(array.dtype)
    return np.ascontiguousarray(np.moveaxis(output, 0, -1))


def main() -> None:
    """Check that all pixels agree, then time in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--repeats", type=int, default=25)
    arguments = parser.parse_args()
    generator = np.random.default_rng(0)
    results: dict[str, Any] = {}
    ratios: dict[str, Any] = {}
    load_before = [round(load, 2) for load in os.getloadavg()]
    for count in arguments.threads:
        torch.set_num_threads(count)
        for case, (dialect, dtype, smaller, scale) in CASES.items():
            name = f"{case}, {count} {'thread' if count == 1 else 'threads'}"
            shape = HEIGHT // smaller, WIDTH // smaller, 3
            image = generator.integers(0, int(np.iinfo(dtype).max) + 1, shape).astype(dtype)
            candidates = {
                f"{name}: by blocks": partial(resize_uint8, image, scale=scale, dialect=dialect),
                f"{name}: whole": partial(whole_image, image, scale=scale, dialect=dialect),
            }
            by_blocks, whole = (call() for call in candidates.values())
            assert np.array_equal(by_blocks, whole), name
            results |= measure(candidates, repeats=arguments.repeats)
            ratios[name] = {
                clock: results[f"{name}: by blocks"][clock]["median"]
                / results[f"{name}: whole"][clock]["median"]
                for clock in ("cpu_ms", "wall_ms")
            }
    print_table(results)
    path = write_results(
        "resize_uint8",
        results,
        shape=[HEIGHT, WIDTH, 3],
        threads=arguments.threads,
        load_average_before=load_before,
        different_pixels=0,
        ratios_of_medians=ratios,
    )
    print(path.name)


if __name__ == "__main__":
    main()
