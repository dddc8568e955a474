"""Cubic convolution (Keys, 1981), as MATLAB, files of benchmarks and OpenCV have it."""

import math
from fractions import Fraction

import numpy as np

from formulas.derivative import gradients
from formulas.registry import formula
from formulas.similarity import psnr, ssim


def keys(t, a):
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * (t**3 - 5 * t**2 + 8 * t - 4) if t < 2 else 0.0


def mirrored(index, size):
    """Reflection that repeats the edge; its period is twice the size."""
    index %= 2 * size
    return min(index, 2 * size - 1 - index)


def clamped(index, size):
    return min(max(index, 0), size - 1)


def weights(size, size_out, scale, a=-0.5, antialias=True, border=mirrored):
    """Matrix of one axis: what each sample of the input counts in each of the output."""
    stretch = min(scale, 1) if antialias else 1
    matrix = np.zeros((size_out, size))
    for row in range(size_out):
        center = (row + 0.5) / scale - 0.5
        reach = 2 / stretch
        for index in range(math.floor(center - reach), math.ceil(center + reach) + 1):
            matrix[row, border(index, size)] += keys(stretch * (center - index), a)
    return matrix / matrix.sum(1, keepdims=True)


def resized(image, scale=None, sides=None, between=lambda x: x, **rule):
    """An image ``(..., H, W)``; given sides have scales of their own."""
    size = image.shape[-2:]
    scales = (scale, scale) if scale else [out / n for out, n in zip(sides, size, strict=True)]
    sides = sides or [math.ceil(n * scale - 1e-9) for n in size]
    rows, columns = (weights(*them, **rule) for them in zip(size, sides, scales, strict=True))
    image = between(np.einsum("yi,...ij->...yj", rows, image))
    return between(np.einsum("xj,...yj->...yx", columns, image))


def resized_hwc(image, scale, **rule):
    return np.moveaxis(resized(np.moveaxis(image, -1, 0), scale, **rule), 0, -1)


def to_bytes(image):
    """Halves away from zero."""
    return np.clip(np.floor(image + 0.5), 0, 255)


def cut_to_multiple(image, scale):
    height, width = image.shape[:2]
    return image[: height - height % scale, : width - width % scale]


@formula("imresize_bicubic")
def float_image(case):
    image, outputs = case["image_uint8"] / 255, {}
    quarter = image[: image.shape[0] // 2, : image.shape[1] // 2]
    for scale in case.hyper["scales"]:
        outputs[f"down_x{scale}"] = resized_hwc(cut_to_multiple(image, scale), 1 / scale)
        outputs[f"up_x{scale}"] = resized_hwc(quarter, scale)
    return outputs


@formula("imresize_uint8_replicate")
def bytes_with_repeated_edges(case):
    outputs = {}
    for scale in case.hyper["scales"]:
        image = cut_to_multiple(case["image_uint8"], scale)
        outputs[f"down_x{scale}"] = resized_hwc(image, 1 / scale, between=to_bytes, border=clamped)
    return outputs


@formula("bicubic_benchmark_image")
def benchmark_image(case):
    hr, scale = case["hr_uint8"], case.hyper["scale"]
    enlarged = to_bytes(resized_hwc(case["lr_uint8"] / 255, scale) * 255)
    scores = {
        name: [[score(enlarged, hr, crop, on_y) for on_y in (False, True)] for crop in (0, scale)]
        for name, score in (("psnr", psnr), ("ssim", ssim))
    }
    return {"lr_uint8": to_bytes(resized_hwc(hr / 255, 1 / scale) * 255), **scores}


@formula("matlab_bicubic")
def several_scales(case):
    image = case["in_x"]
    return {
        "out_down4": resized_hwc(image, 1 / 4),
        "out_down2": resized_hwc(image, 1 / 2),
        "out_up2": resized_hwc(image[:8, :8], 2),
        "out_down3_noaa": resized_hwc(image, 1 / 3, antialias=False),
    }


@formula("matlab_imresize")
def given_sides(case):
    sides, antialias = case.hyper["output_size"], case.hyper["antialiasing"]
    return {"out_y": resized(case["in_x"], sides=sides, antialias=antialias)}


@formula("matlab_imresize_window")
def window(case):
    sides, antialias = case.hyper["output_size"], case.hyper["antialiasing"]
    image = resized(case["in_x_uint8"] / 255, sides=sides, antialias=antialias)
    rows, columns = case.hyper["window_rows"], case.hyper["window_cols"]
    return {"out_y_window": image[:, slice(*rows), slice(*columns)]}


@formula("imresize_rgb")
def with_gradient(case):
    image, (height, width) = case["in_x"], case.hyper["up_window"]
    _, (gradient,) = gradients(lambda x: (case["in_w"] * resized(x, 1 / 4)).sum(), image)
    return {
        **{f"out_down_x{scale}": resized(image, 1 / scale) for scale in (2, 3, 4)},
        **{f"out_up_x{scale}": resized(image[..., :height, :width], scale) for scale in (2, 3, 4)},
        "out_down_sides": resized(image, sides=case.hyper["sides"]),
        "out_down_x4_noaa": resized(image, 1 / 4, antialias=False),
        "out_grad_x_of_sum_w_down_x4": gradient,
    }


@formula("imresize_scalar_scale")
def given_scale(case):
    scales = [float(Fraction(scale)) for scale in case.hyper["scales"]]
    return {f"out_scale_{scale:.4g}": resized_hwc(case["in_x_hwc"], scale) for scale in scales}


@formula("downsample_opencv_cubic")
def opencv(case):
    scale, hr = case.hyper["scale"], case["hr_uint8"]
    rule = {"a": case.hyper["a"], "antialias": False, "border": clamped}
    lr = resized_hwc(hr, 1 / scale, **rule)
    return {
        "lr_uint8": to_bytes(lr),
        "lr_float": lr,
        "lr_nearest": hr[::scale, ::scale],
        "up_float": resized_hwc(case["lr_uint8"], scale, **rule),
    }
