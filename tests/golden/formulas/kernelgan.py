"""What is done with KernelGAN's kernel of x2: centered, made one of x4, and filtered with."""

import math

import numpy as np
from scipy.ndimage import center_of_mass, shift

from formulas.registry import formula


def centered(kernel, kept, scale=2):
    """Small values are cut off; splines move the center of mass to where halving needs it."""
    kernel = np.clip(kernel - 0.75 * np.sort(kernel, None)[-kept - 1], 0, 100)
    kernel = kernel / kernel.sum()
    size = len(kernel)
    aim = size // 2 + 0.5 * (scale - size % 2)
    distance = aim - np.array(center_of_mass(kernel))
    return shift(np.pad(kernel, math.ceil(np.abs(distance).max()) + 1), distance)


def of_both_halvings(kernel):
    """The kernel, and then itself on every second pixel."""
    size = len(kernel)
    whole = np.zeros((3 * size - 2,) * 2)
    for i, j in np.ndindex(kernel.shape):
        whole[2 * i : 2 * i + size, 2 * j : 2 * j + size] += kernel[i, j] * kernel
    inner = whole[size // 2 : -(size // 2), size // 2 : -(size // 2)]
    return inner / inner.sum()


@formula("kernelgan_kernel")
def kernels(case):
    small = centered(case["in_kernel_raw"], case.hyper["n_filtering"])
    large = of_both_halvings(small)
    margin, scale = len(large) // 2, case.hyper["scale"]
    image = case["in_image_uint8"] / 255
    wide = np.pad(image, [(margin, margin), (margin, margin), (0, 0)], mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(wide, large.shape, (0, 1))
    low = np.einsum("yxcij,ij->yxc", windows[::scale, ::scale], large)
    return {
        "out_kernel_x2": small,
        "out_kernel_x4": large,
        "out_lr_float": low,
        "out_lr_uint8_reference": np.floor(np.clip(low * 255, 0, 255)),
    }
