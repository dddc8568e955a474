"""The degradation of Real-ESRGAN with given draws, and the pool that mixes its batches."""

import math

import numpy as np

from formulas.bicubic import clamped, weights
from formulas.blur import sharpened
from formulas.convolution import filtered
from formulas.jpeg import compressed
from formulas.registry import formula


def area(size, size_out):
    """Means of the samples that each new one touches."""
    matrix = np.zeros((size_out, size))
    for row in range(size_out):
        start, end = row * size // size_out, math.ceil((row + 1) * size / size_out)
        matrix[row, start:end] = 1 / (end - start)
    return matrix


def linear(size, size_out, scale):
    matrix = np.zeros((size_out, size))
    for row in range(size_out):
        center = (row + 0.5) / scale - 0.5
        left = math.floor(center)
        matrix[row, clamped(left, size)] += left + 1 - center
        matrix[row, clamped(left + 1, size)] += center - left
    return matrix


def axis(mode, size, size_out, scale):
    """By OpenCV's and PyTorch's rules, without antialiasing."""
    if mode == "area":
        return area(size, size_out)
    if mode == "bilinear":
        return linear(size, size_out, scale)
    return weights(size, size_out, scale, a=-0.75, antialias=False, border=clamped)


def resized(images, mode, sides=None, scale=None):
    size = images.shape[-2:]
    sides = sides or [math.floor(n * scale) for n in size]
    scales = [scale] * 2 if scale else [out / n for out, n in zip(sides, size, strict=True)]
    rows, columns = (axis(mode, *them) for them in zip(size, sides, scales, strict=True))
    return np.einsum("yi,xj,ncij->ncyx", rows, columns, images, optimize=True)


@formula("degradation_pipeline")
def pipeline(case):
    hyper, hr = case.hyper, case["in_gt"]
    draws, modes = iter(hyper["uniform_draws_in_order"]), iter(hyper["resize_modes"])
    lr_sides = [side // hyper["scale"] for side in hr.shape[-2:]]
    steps, counts = {}, {}

    def keep(name, image):
        counts[name] = counts.get(name, 0) + 1
        steps[f"out_step{len(steps) + 1:02d}_{name}{counts[name]}"] = image
        return image

    def sharp(image):
        size = hyper["usm"]["radius"] // 2 * 2 + 1
        return sharpened(image, size, hyper["usm"]["weight"], hyper["usm"]["threshold"])[0]

    def factor(direction):
        return 1 if direction == "keep" else next(draws)

    def noisy(image, noise):
        next(draws)  # Gaussian or Poisson: the noise is given
        return keep("noise", np.clip(image + case[noise], 0, 1))

    def coded(image, which):
        return keep("jpeg", compressed(np.clip(image, 0, 1), hyper[f"jpeg_quality_{which}"]))

    def ringing(image):
        image = keep("resize", resized(image, next(modes), lr_sides))
        return keep("filter", filtered(image, case["in_sinc_kernel"]))

    image = keep("usm", sharp(hr))
    image = keep("filter", filtered(image, case["in_kernel1"]))
    image = keep("resize", resized(image, next(modes), scale=factor(hyper["updown"][0])))
    image = coded(noisy(image, "in_noise1"), "first")
    if next(draws) < 0.8:
        image = keep("filter", filtered(image, case["in_kernel2"]))
    second = factor(hyper["updown"][1])
    sides = [int(side / hyper["scale"] * second) for side in hr.shape[-2:]]
    image = noisy(keep("resize", resized(image, next(modes), sides)), "in_noise2")
    if next(draws) < 0.5:
        image = coded(ringing(image), "second")
    else:
        image = ringing(coded(image, "second"))
    image = np.clip(np.rint(image * 255), 0, 255) / 255

    def crop(image, factor):
        (top, left), side = hyper["crop_top_left_lq"], hyper["gt_size"] // hyper["scale"] * factor
        top, left = top * factor, left * factor
        return image[..., top : top + side, left : left + side]

    hr = crop(hr, hyper["scale"])
    return steps | {"out_lq": crop(image, 1), "out_gt": hr, "out_gt_usm": sharp(hr)}


@formula("training_pair_pool")
def pool(case):
    """Full, it is shuffled; its first go, the new ones come in their place."""
    size, stored, returned = case.hyper["queue_size"], [], []
    orders = iter(case["in_permutations"].tolist())
    for batch in case["in_ids_fed"].tolist():
        if len(stored) < size:
            stored += batch
            returned.append(batch)
        else:
            stored = [stored[place] for place in next(orders)]
            returned.append(stored[: len(batch)])
            stored[: len(batch)] = batch
    return {"out_ids_returned": returned}
