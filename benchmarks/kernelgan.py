"""Which variant of KernelGAN finds a kernel that is known?

    python benchmarks/kernelgan.py PHOTOGRAPH... [--iterations 3000] [--num-features 64]

Photographs are filtered by a known kernel and halved: isotropic, anisotropic, and as of a motion.
Both variants estimate the kernel from the small image alone. The error is that of the finished x2
kernel, |estimate - truth| / |truth|; the errors to the other two kernels stand beside it, which
tell whether the shape was found. Images are named by their stems.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import harness
import numpy as np
import torch
from numpy.typing import NDArray
from srplug_usrdu.kernelgan import KernelGanSettings, estimate_kernel
from srplug_usrdu.kernelgan.training import Variant
from srplug_usrdu.kernels import centered, correlate, finished_kernels

from srcore.images import read_rgb

Kernel = NDArray[Any]
VARIANTS: tuple[Variant, ...] = ("paper", "published")


def gaussian(along: float, across: float, angle: float, size: int = 13) -> Kernel:
    """Kernel of two standard deviations, turned."""
    row, column = np.mgrid[:size, :size] - size // 2
    u = np.cos(angle) * column + np.sin(angle) * row
    v = np.cos(angle) * row - np.sin(angle) * column
    kernel: Kernel = np.exp(-(u**2) / (2 * along**2) - v**2 / (2 * across**2))
    kernel /= kernel.sum()
    return kernel


def motion(length: float = 9, angle: float = 0.5, size: int = 13) -> Kernel:
    """A line, spread over the nearest pixels."""
    kernel: Kernel = np.zeros((size, size))
    for place in np.linspace(-length / 2, length / 2, 200):
        row, column = size // 2 + place * np.sin(angle), size // 2 + place * np.cos(angle)
        top, left = int(row), int(column)
        down, right = row - top, column - left
        kernel[top, left] += (1 - down) * (1 - right)
        kernel[top + 1, left] += down * (1 - right)
        kernel[top, left + 1] += (1 - down) * right
        kernel[top + 1, left + 1] += down * right
    kernel /= kernel.sum()
    return kernel


KERNELS = {
    "isotropic": gaussian(1.5, 1.5, 0),
    "anisotropic": gaussian(3, 1, 0.8),
    "motion": motion(),
}


def halved(image: NDArray[Any], kernel: Kernel) -> torch.Tensor:
    """``(H, W, 3)`` in [0, 1] -> ``(1, 3, H / 2, W / 2)``, every second pixel of the filtered."""
    planes = torch.from_numpy(image).permute(2, 0, 1)
    return correlate(planes, torch.from_numpy(centered(kernel, 2)), 2)[None].float().clamp(0, 1)


def error(given: Kernel, truth: Kernel) -> float:
    """Relative distance of two kernels that are centered for halving."""
    padded = []
    for kernel in (given, centered(truth, 2)):
        canvas = np.zeros((64, 64))
        first = 32 - kernel.shape[0] // 2
        canvas[first : first + len(kernel), first : first + len(kernel)] = kernel
        padded.append(canvas)
    return float(np.linalg.norm(padded[0] - padded[1]) / np.linalg.norm(padded[1]))


def main() -> None:
    """Estimate, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photographs", type=Path, nargs="+")
    parser.add_argument("--iterations", type=int, default=3000)
    parser.add_argument("--num-features", type=int, default=64)
    parser.add_argument("--kernels", nargs="+", default=list(KERNELS), choices=KERNELS)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    for photograph in arguments.photographs:
        image = read_rgb(photograph) / 255.0
        for name in arguments.kernels:
            low = halved(image, KERNELS[name])
            for variant in VARIANTS:
                settings = KernelGanSettings(
                    variant=variant,
                    iterations=arguments.iterations,
                    num_features=arguments.num_features,
                )
                begin = time.process_time()
                kernel = finished_kernels(estimate_kernel(low, settings))[2]
                seconds = round(time.process_time() - begin)
                errors = {other: round(error(kernel, truth), 3) for other, truth in KERNELS.items()}
                rows.append(
                    {"image": photograph.stem, "kernel": name, "variant": variant}
                    | {"error_to": errors, "cpu_seconds": seconds}
                )
                sys.stdout.write(f"{rows[-1]}\n")
                sys.stdout.flush()
    keys = ("iterations", "num_features", "threads")
    given = {key: getattr(arguments, key) for key in keys}
    harness.write_results("kernelgan", {"rows": rows}, **given)


if __name__ == "__main__":
    main()
