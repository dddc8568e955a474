"""What networks call a convolution: a correlation, tap by tap."""

import numpy as np


def padded(images, margin, mode="constant"):
    margins = [(0, 0)] * (images.ndim - 2) + [(margin, margin)] * 2
    return np.pad(images, margins, mode=mode)


def convolved(images, weight, bias=None, stride=1, margin=None):
    """Images ``(N, C, H, W)``, weight ``(O, C, k, k)``; zeros around, by default half a kernel."""
    size = weight.shape[-1]
    images = padded(images, size // 2 if margin is None else margin)
    ends = [length - size + 1 for length in images.shape[-2:]]
    result = sum(
        np.einsum(
            "oc,nchw->nohw",
            weight[:, :, i, j],
            images[:, :, i : i + ends[0] : stride, j : j + ends[1] : stride],
            optimize=True,
        )
        for i in range(size)
        for j in range(size)
    )
    return result if bias is None else result + bias.reshape(-1, 1, 1)


def convolved_back(images, weight):
    """The adjoint of ``convolved`` without stride."""
    return convolved(images, np.flip(np.swapaxes(weight, 0, 1), (2, 3)))


def filtered(images, kernel, mode="reflect"):
    """Every channel with one kernel ``(k, k)``, or each image of a batch with its own."""
    size = kernel.shape[-1]
    kernel = np.broadcast_to(kernel, (len(images), size, size))
    windows = np.lib.stride_tricks.sliding_window_view(
        padded(images, size // 2, mode), (size, size), (2, 3)
    )
    return np.einsum("nchwij,nij->nchw", windows, kernel)


def pixel_shuffled(images, factor):
    """Blocks of ``factor`` x ``factor`` pixels out of channels."""
    n, channels, height, width = images.shape
    blocks = images.reshape(n, channels // factor**2, factor, factor, height, width)
    blocks = blocks.transpose(0, 1, 4, 2, 5, 3)
    return blocks.reshape(n, channels // factor**2, height * factor, width * factor)
