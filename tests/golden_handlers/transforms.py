"""Golden kinds of the batch transforms: resampling, filters, noise, JPEG, degradation."""

from fractions import Fraction

import numpy as np
import torch

from srcore.testing.golden import golden_kind
from srcore.transforms.resize import resize, resize_uint8


def hwc_resize(array, **options):
    image = torch.from_numpy(np.ascontiguousarray(np.moveaxis(array, -1, 0))).double()
    return np.moveaxis(resize(image, **options).numpy(), 0, -1)


def cut_to_multiple(image, scale):
    height, width = image.shape[:2]
    return image[: height - height % scale, : width - width % scale]


@golden_kind("imresize_bicubic")
def imresize_bicubic(case):
    image = case["image_uint8"] / 255.0
    height, width = image.shape[:2]
    outputs = {}
    for scale in case.hyper["scales"]:
        outputs[f"down_x{scale}"] = hwc_resize(cut_to_multiple(image, scale), scale=1 / scale)
        outputs[f"up_x{scale}"] = hwc_resize(image[: height // 2, : width // 2], scale=scale)
    return outputs


@golden_kind("imresize_uint8_replicate")
def imresize_uint8_replicate(case):
    image = case["image_uint8"]
    return {
        f"down_x{scale}": resize_uint8(
            cut_to_multiple(image, scale), scale=1 / scale, dialect="matlab_uint8"
        )
        for scale in case.hyper["scales"]
    }


@golden_kind("bicubic_benchmark_image")
def bicubic_benchmark_image(case):
    from srcore.metrics.psnr import psnr
    from srcore.metrics.ssim import ssim

    hr, scale = case["hr_uint8"], case.hyper["scale"]
    enlarged = resize_uint8(case["lr_uint8"], scale=scale)
    outputs = {"lr_uint8": resize_uint8(hr, scale=1 / scale)}
    for name, metric in (("psnr", psnr), ("ssim", ssim)):
        outputs[name] = [
            [metric(enlarged, hr, crop_border=crop, y_channel=y) for y in (False, True)]
            for crop in (0, scale)
        ]
    return outputs


@golden_kind("matlab_bicubic")
def matlab_bicubic(case):
    image = case["in_x"]
    return {
        "out_down4": hwc_resize(image, scale=1 / 4),
        "out_down2": hwc_resize(image, scale=1 / 2),
        "out_up2": hwc_resize(image[:8, :8], scale=2),
        "out_down3_noaa": hwc_resize(image, scale=1 / 3, antialias=False),
    }


@golden_kind("matlab_imresize")
def matlab_imresize(case):
    hyper = case.hyper
    size, antialias = tuple(hyper["output_size"]), hyper["antialiasing"]
    return {"out_y": resize(case.tensor("in_x"), size=size, antialias=antialias)}


@golden_kind("matlab_imresize_window")
def matlab_imresize_window(case):
    hyper = case.hyper
    image = case.tensor("in_x_uint8").double() / 255
    output = resize(image, size=tuple(hyper["output_size"]), antialias=hyper["antialiasing"])
    rows, columns = slice(*hyper["window_rows"]), slice(*hyper["window_cols"])
    return {"out_y_window": output[:, rows, columns]}


@golden_kind("imresize_rgb")
def imresize_rgb(case):
    image = case.tensor("in_x", requires_grad=True)
    height, width = case.hyper["up_window"]
    outputs = {f"out_down_x{s}": resize(image, scale=1 / s) for s in (2, 3, 4)}
    outputs |= {f"out_up_x{s}": resize(image[..., :height, :width], scale=s) for s in (2, 3, 4)}
    outputs["out_down_sides"] = resize(image, size=tuple(case.hyper["sides"]))
    outputs["out_down_x4_noaa"] = resize(image, scale=1 / 4, antialias=False)
    (case.tensor("in_w") * outputs["out_down_x4"]).sum().backward()
    return outputs | {"out_grad_x_of_sum_w_down_x4": image.grad}


@golden_kind("imresize_scalar_scale")
def imresize_scalar_scale(case):
    scales = [float(Fraction(scale)) for scale in case.hyper["scales"]]
    return {f"out_scale_{scale:.4g}": hwc_resize(case["in_x_hwc"], scale=scale) for scale in scales}


@golden_kind("downsample_opencv_cubic")
def downsample_opencv_cubic(case):
    hr, scale = case["hr_uint8"], case.hyper["scale"]
    return {
        "lr_uint8": resize_uint8(hr, scale=1 / scale, dialect="opencv"),
        "lr_float": hwc_resize(hr, scale=1 / scale, dialect="opencv"),
        "lr_nearest": hr[::scale, ::scale],
        "up_float": hwc_resize(case["lr_uint8"], scale=scale, dialect="opencv"),
    }
