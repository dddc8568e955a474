"""PSNR, and SSIM (Wang et al., 2004), of images from 0 to 255, ``(H, W, 3)`` or ``(H, W)``."""

import re

import numpy as np

from formulas.color import luma
from formulas.registry import formula


def seen(image, crop, on_y):
    image = image.astype(float)
    image = image[crop : len(image) - crop, crop : image.shape[1] - crop]
    image = luma(image) if on_y else image
    return image if image.ndim == 3 else image[..., None]


def psnr(a, b, crop=0, on_y=False, peak=255):
    return 10 * np.log10(peak**2 / ((seen(a, crop, on_y) - seen(b, crop, on_y)) ** 2).mean())


def gaussian(size, sigma):
    taps = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * sigma**2))
    return taps / taps.sum()


def smoothed(image):
    """Mean under a Gaussian window of 11 x 11 pixels, where it fits into the image."""
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(image, 11, axis)
        image = windows @ gaussian(11, 1.5)
    return image


def ssim(a, b, crop=0, on_y=False):
    a, b = seen(a, crop, on_y), seen(b, crop, on_y)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b = smoothed(a), smoothed(b)
    variances = smoothed(a**2) - mean_a**2 + smoothed(b**2) - mean_b**2
    covariance = smoothed(a * b) - mean_a * mean_b
    contrast = (2 * covariance + c2) / (variances + c2)
    return (contrast * (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)).mean()


@formula("psnr_ssim")
def rows_of_settings(case):
    rows = [(case[f"a{i}"], case[f"b{i}"], crop, on_y) for i, crop, on_y in case["rows"].tolist()]
    return {"psnr": [psnr(*row) for row in rows], "ssim": [ssim(*row) for row in rows]}


@formula("psnr_ssim_crops")
def named_settings(case):
    outputs = {}
    for name in case.expected:
        score, crop, channels = re.fullmatch(r"out_(psnr|ssim)_crop(\d+)_(y|rgb)", name).groups()
        score = {"psnr": psnr, "ssim": ssim}[score]
        outputs[name] = score(case["in_rgb_gt"], case["in_rgb_sr"], int(crop), channels == "y")
    return outputs


@formula("psnr_ssim_y")
def on_luma(case):
    settings = (case["in_a"], case["in_b"], case.hyper["crop_border"], True)
    return {"out_psnr": psnr(*settings), "out_ssim": ssim(*settings)}


@formula("edsr_metrics")
def edsr(case):
    """Weights of the program EDSR, for Y without an offset."""
    outputs = {}
    for row in case.hyper["rows"]:
        number, scale = row["i"], row["scale"]
        pair = [
            np.clip(np.rint(case[f"{name}_{number}"][0] * 255 / row["rgb_range"]), 0, 255)
            for name in ("sr", "hr")
        ]
        pair = [image.transpose(1, 2, 0) for image in pair]
        weighted = [image @ np.array([65.738, 129.057, 25.064]) / 256 for image in pair]
        rounded = [np.rint(luma(image)) for image in pair]
        values = {
            "quantized_uint8": pair[0],
            "psnr_y_edsr": psnr(*weighted, scale),
            "psnr_y_edsr_float64": psnr(*weighted, scale),
            "psnr_rgb_validation_shave_scale_plus_6": psnr(*pair, scale + 6),
            "psnr_y_float_basicsr": psnr(*pair, scale, on_y=True),
            "ssim_y_float": ssim(*pair, scale, on_y=True),
            "psnr_y_rounded_matlab_style": psnr(*rounded, scale),
            "ssim_y_rounded_matlab_style": ssim(*rounded, scale),
        }
        outputs |= {f"{name}_{number}": value for name, value in values.items()}
    return outputs


@formula("psnr_rgb_float")
def esrdgan(case):
    """A small number keeps its PSNR finite; the figure that its validation logs is too low."""
    hr, sr, peak = case["hr"].astype(float), case["sr_float"], case.hyper["peak"]
    clipped = np.clip(sr, 0, peak)

    def value(squares, peak=peak):
        return 10 * np.log10(peak**2 / (squares + case.hyper["eps"]))

    return {
        "psnr_test_clipped": value(((clipped - hr) ** 2).mean()),
        "psnr_test_unclipped": value(((sr - hr) ** 2).mean()),
        "psnr_validation_as_logged": value((((clipped - hr) / peak) ** 2).mean() * 3, peak=1),
    }
