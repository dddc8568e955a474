"""Image quality measures; ``psnr`` and ``ssim`` are public functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.lazy import importer

if TYPE_CHECKING:
    from srcore.metrics.peak_signal_noise_ratio import psnr
    from srcore.metrics.structural_similarity import ssim

__all__ = ["psnr", "ssim"]

# Imported when first used: listing components must not import OpenCV. The modules have other names
# than the functions, because importing a module ``psnr`` would put it in the function's place.
_HOMES = {
    "psnr": "srcore.metrics.peak_signal_noise_ratio",
    "ssim": "srcore.metrics.structural_similarity",
}

__getattr__ = importer(__name__, _HOMES)
