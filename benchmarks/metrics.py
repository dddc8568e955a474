"""PSNR and SSIM on Y of a 512x512 image, against scikit-image. One thread.

python benchmarks/metrics.py
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from harness import measure, print_table, write_results
from numpy.typing import NDArray
from skimage import data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import srcore
from srcore.metrics.color import luma

BORDER = 4


def scikit_image(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, ...]:
    """PSNR and SSIM on Y with the field's settings: its window, its variances, its border."""
    inner = slice(BORDER, -BORDER)
    a, b = luma(a)[inner, inner], luma(b)[inner, inner]
    similarity = structural_similarity(
        a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    return peak_signal_noise_ratio(a, b, data_range=255), similarity


def ours(a: NDArray[Any], b: NDArray[Any]) -> tuple[float, ...]:
    """The same with srcore."""
    measures = (srcore.metrics.psnr, srcore.metrics.ssim)
    return tuple(measure(a, b, crop_border=BORDER, y_channel=True) for measure in measures)


def main() -> None:
    """Check that the values agree, then time."""
    cv2.setNumThreads(1)
    image = data.astronaut()
    noise = np.random.default_rng(0).normal(0, 8, image.shape)
    noisy = np.clip(image + noise, 0, 255).round().astype(np.uint8)
    np.testing.assert_allclose(ours(noisy, image), scikit_image(noisy, image), rtol=1e-9)
    results = measure(
        {
            "srcore psnr + ssim": lambda: ours(noisy, image),
            "scikit-image psnr + ssim": lambda: scikit_image(noisy, image),
            "srcore psnr": lambda: srcore.metrics.psnr(
                noisy, image, crop_border=BORDER, y_channel=True
            ),
            "srcore ssim": lambda: srcore.metrics.ssim(
                noisy, image, crop_border=BORDER, y_channel=True
            ),
            "srcore ssim, RGB": lambda: srcore.metrics.ssim(noisy, image, crop_border=BORDER),
        },
        repeats=25,
    )
    print_table(results)
    values = dict(zip(("psnr_y", "ssim_y"), ours(noisy, image), strict=True))
    path = write_results(
        "metrics",
        results,
        image="skimage.data.astronaut, 512x512, noise of sigma 8",
        crop_border=BORDER,
        values=values,
        opencv_threads=cv2.getNumThreads(),
    )
    print(path.name)


if __name__ == "__main__":
    main()
