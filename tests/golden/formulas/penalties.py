"""Penalties on a discriminator's gradient with respect to its images."""

import numpy as np

from formulas.convolution import convolved, convolved_back
from formulas.derivative import gradients
from formulas.layers import sigmoid
from formulas.registry import formula


def image_gradient(images, first, second):
    """Of the mean over space of conv(second, softplus(conv(first, images))), zeros around."""
    height, width = images.shape[-2:]
    hidden = convolved(images, first)
    ones = np.ones((len(images), 1, height, width)) / (height * width)
    return convolved_back(sigmoid(hidden) * convolved_back(ones, second), first)


@formula("gradient_penalties")
def penalties(case):
    kernels = case["k1"], case["k2"]

    def r1(first, second):
        return (image_gradient(case["real"], first, second) ** 2).sum() / len(case["real"])

    value, (to_first, to_second) = gradients(r1, *kernels)
    between = case["alpha"] * case["real"] + (1 - case["alpha"]) * case["fake"]
    squares = image_gradient(between, *kernels) ** 2
    return {
        "r1": value,
        "r1_grad_k1": to_first,
        "r1_grad_k2": to_second,
        "gp_as_published_channel_norm": ((np.sqrt(squares.sum(1)) - 1) ** 2).mean(),
        "gp_per_sample": ((np.sqrt(squares.sum((1, 2, 3))) - 1) ** 2).mean(),
    }
