"""Gaussian and Poisson noise of given draws; gray noise is the same in all channels."""

import numpy as np

from formulas.registry import formula


def choose(flags, gray, color):
    return np.where(flags.reshape(-1, 1, 1, 1) > 0, gray, color)


@formula("gaussian_noise")
def gaussian(case):
    image, sigma = case["in_x"], case["in_sigma_255"].reshape(-1, 1, 1, 1) / 255
    noise = choose(case["in_gray_flag"], case["in_z_gray"], case["in_z_color"])
    rounded = np.rint((image + sigma * case["in_z_color"]) * 255) / 255
    return {
        "out_y": np.clip(image + sigma * noise, 0, 1),
        "out_y_color_rounded": np.clip(rounded, 0, 1),
    }


def levels(image):
    return 2 ** np.ceil(np.log2(len(np.unique(image))))


def poisson(image):
    """Noise of one image, the draw replaced by the floor of its rate + 0.37."""
    image = np.rint(image * 255) / 255
    count = levels(image)
    return np.floor(image * count + 0.37) / count - image


@formula("poisson_noise")
def of_light(case):
    images, scale = case["in_x"], case["in_scale"].reshape(-1, 1, 1, 1)
    gray = np.einsum("c,nchw->nhw", case.hyper["gray_weights"], images)[:, None]
    color = np.stack([poisson(image) for image in images])
    noise = choose(case["in_gray_flag"], np.stack([poisson(image) for image in gray]), color)
    return {
        "out_y": np.clip(images + scale * noise, 0, 1),
        "out_y_color_only": np.clip(images + scale * color, 0, 1),
        "out_vals_color": [levels(np.rint(image * 255)) for image in images],
    }
