"""Blur kernels and filters, and sharpening by an unsharp mask."""

import math

import numpy as np

from formulas.convolution import filtered
from formulas.registry import formula
from formulas.similarity import gaussian

#: OpenCV's Gaussians of no given sigma, where they are tables.
SMALL = {
    3: np.array([1, 2, 1]) / 4,
    5: np.array([1, 4, 6, 4, 1]) / 16,
    7: np.array([1, 3.5, 7, 9, 7, 3.5, 1]) / 32,
    9: np.array([4, 13, 30, 51, 60, 51, 30, 13, 4]) / 256,
}


def opencv_gaussian(size):
    return SMALL[size] if size in SMALL else gaussian(size, 0.3 * ((size - 1) / 2 - 1) + 0.8)


def normalized(kernel):
    return kernel / kernel.sum()


def bell(size, sigma_x, sigma_y, theta, beta=1, plateau=False):
    """A generalized Gaussian, or a bell with a plateau, whose axes are turned by theta."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    along = x * math.cos(theta) + y * math.sin(theta)
    across = -x * math.sin(theta) + y * math.cos(theta)
    q = ((along / sigma_x) ** 2 + (across / sigma_y) ** 2) ** beta
    return normalized(1 / (1 + q) if plateau else np.exp(-q / 2))


def bessel(x):
    """J1, by the integral of cos(t - x sin t) over half a turn; sums of it converge at once."""
    t = (np.arange(200) + 0.5) * np.pi / 200
    return np.cos(t - x[..., None] * np.sin(t)).mean(-1)


def sinc(size, cutoff):
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    radius = np.hypot(x, y)
    away = np.where(radius > 0, radius, 1)
    kernel = cutoff * bessel(cutoff * away) / (2 * np.pi * away)
    return normalized(np.where(radius > 0, kernel, cutoff**2 / (4 * np.pi)))


@formula("blur_kernels")
def kernels(case):
    outputs = {}
    for entry in case.hyper["kernels"]:
        size = entry["kernel_size"]
        if "sinc_index" in entry:
            margin = (max(entry["pad_to"], size) - size) // 2
            kernel = np.pad(sinc(size, entry["cutoff"]), margin)
            outputs[f"out_sinc_{entry['sinc_index']}"] = kernel
            continue
        sigma, theta = entry["sigma_x"], entry["theta"]
        for axes, other in (("iso", sigma), ("aniso", entry["sigma_y"])):
            for form, *rule in (
                ("", 1),
                ("generalized_", entry["beta_generalized"]),
                ("plateau_", entry["beta_plateau"], True),
            ):
                name = f"out_{form}{axes}_{entry['index']}"
                outputs[name] = bell(size, sigma, other, theta, *rule)
    return outputs


@formula("filter2d")
def by_kernels(case):
    return {
        "out_shared": filtered(case["in_x"], case["in_kernel_shared"]),
        "out_per_sample": filtered(case["in_x"], case["in_kernel_batch"]),
    }


@formula("gaussian_filters")
def low_and_high(case):
    image, outputs = case["in_x"], {}
    for size in case.hyper["kernel_sizes"]:
        taps, inner = gaussian(size, size / 6), slice(size // 2, -(size // 2))
        kernel = np.outer(taps, taps)
        same = filtered(image, kernel, "constant")
        outputs |= {
            f"out_low_valid_k{size}": same[..., inner, inner],
            f"out_low_same_k{size}": same,
            f"out_high_k{size}": 0.5 + 0.5 * (image - same),
            f"out_weight_k{size}": kernel,
        }
    return outputs


def sharpened(image, size, weight, threshold):
    taps = opencv_gaussian(size)
    kernel = np.outer(taps, taps)
    residual = image - filtered(image, kernel)
    mask = np.abs(residual) * 255 > threshold
    soft = filtered(mask.astype(float), kernel)
    sharp = np.clip(image + weight * residual, 0, 1)
    return soft * sharp + (1 - soft) * image, kernel, mask


@formula("usm_sharpen")
def unsharp_mask(case):
    hyper = case.hyper
    settings = hyper["kernel_size"], hyper["weight"], hyper["threshold"]
    image, kernel, mask = sharpened(case["in_x"], *settings)
    return {"out_y": image, "out_kernel": kernel, "out_mask": mask}
