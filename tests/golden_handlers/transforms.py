"""Golden kinds of the batch transforms: resampling, filters, noise, JPEG, degradation."""

from fractions import Fraction

import numpy as np
import torch

from srcore import metrics
from srcore.testing.golden import golden_kind
from srcore.transforms.blur import filter2d, gaussian_blur, gaussian_taps, separable_blur
from srcore.transforms.degradation import (
    DegradationPlan,
    PassPlan,
    SecondOrderDegradation,
    degrade_by_plan,
)
from srcore.transforms.jpeg import jpeg
from srcore.transforms.kernels import gaussian_kernels, sinc_kernels
from srcore.transforms.noise import gaussian_noise, poisson_levels, poisson_noise, quantized
from srcore.transforms.pool import PairPool
from srcore.transforms.resize import resize, resize_uint8
from srcore.transforms.sharpen import detail_mask, sharpen


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
    hr, scale = case["hr_uint8"], case.hyper["scale"]
    upscaled = resize_uint8(case["lr_uint8"], scale=scale)
    outputs = {"lr_uint8": resize_uint8(hr, scale=1 / scale)}
    for name, metric in (("psnr", metrics.psnr), ("ssim", metrics.ssim)):
        outputs[name] = [
            [metric(upscaled, hr, crop_border=crop, y_channel=y) for y in (False, True)]
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


@golden_kind("gaussian_filters")
def gaussian_filters(case):
    image, outputs = case.tensor("in_x"), {}
    for size in case.hyper["kernel_sizes"]:
        taps = torch.tensor(gaussian_taps(size, size / 6))
        same = gaussian_blur(image, size, size / 6, "zero")
        outputs[f"out_low_valid_k{size}"] = gaussian_blur(image, size, size / 6, "valid")
        outputs[f"out_low_same_k{size}"] = same
        outputs[f"out_high_k{size}"] = 0.5 + 0.5 * (image - same)
        outputs[f"out_weight_k{size}"] = torch.outer(taps, taps)
    return outputs


@golden_kind("blur_kernels")
def blur_kernels(case):
    outputs = {}
    for entry in case.hyper["kernels"]:
        size = entry["kernel_size"]
        sizes = torch.tensor([size])
        if "sinc_index" in entry:
            width = entry["pad_to"] or size
            kernel = sinc_kernels(width, sizes, torch.tensor([entry["cutoff"]]))[0]
            outputs[f"out_sinc_{entry['sinc_index']}"] = kernel
            continue
        for form, beta in (
            ("", 1.0),
            ("generalized_", entry["beta_generalized"]),
            ("plateau_", entry["beta_plateau"]),
        ):
            for axes, sigma_y in (("iso", entry["sigma_x"]), ("aniso", entry["sigma_y"])):
                numbers = (entry["sigma_x"], sigma_y, entry["theta"], beta)
                columns = (torch.tensor([number], dtype=torch.float64) for number in numbers)
                plateau = torch.tensor([form == "plateau_"])
                kernel = gaussian_kernels(size, sizes, *columns, plateau)[0]
                outputs[f"out_{form}{axes}_{entry['index']}"] = kernel
    return outputs


@golden_kind("filter2d")
def filter_2d(case):
    image = case.tensor("in_x")
    return {
        "out_shared": filter2d(image, case.tensor("in_kernel_shared")),
        "out_per_sample": filter2d(image, case.tensor("in_kernel_batch")),
    }


@golden_kind("usm_sharpen")
def usm_sharpen(case):
    image, hyper = case.tensor("in_x"), case.hyper
    size, threshold = hyper["kernel_size"], hyper["threshold"]
    taps = gaussian_taps(size)
    column = torch.tensor(taps)
    return {
        "out_y": sharpen(image, size=size, weight=hyper["weight"], threshold=threshold),
        "out_kernel": torch.outer(column, column)[None],
        "out_mask": detail_mask(image - separable_blur(image, taps), threshold),
    }


@golden_kind("jpeg", "jpeg_differentiable")
def jpeg_case(case):
    differentiable = case.hyper["differentiable"]
    image = case.tensor("in_x", requires_grad=differentiable)
    output = jpeg(
        image,
        torch.tensor(case.hyper["quality"]),
        differentiable=differentiable,
        luma_table="published",
    )
    if not differentiable:
        return {"out_y": output}
    (output * case.tensor("in_cotangent")).mean().backward()
    return {"out_y": output, "out_grad_x": image.grad}


@golden_kind("gaussian_noise")
def gaussian_noise_case(case):
    image, color = case.tensor("in_x"), case.tensor("in_z_color")
    pattern, sigma = case.tensor("in_z_gray"), case.tensor("in_sigma_255")
    gray = case.tensor("in_gray_flag").bool()
    no_gray = torch.zeros_like(gray)
    return {
        "out_y": (image + gaussian_noise(color, pattern, sigma, gray)).clamp(0, 1),
        "out_y_color_rounded": quantized(image + gaussian_noise(color, pattern, sigma, no_gray)),
    }


@golden_kind("poisson_noise")
def poisson_noise_case(case):
    image, scale = case.tensor("in_x"), case.tensor("in_scale")
    gray = case.tensor("in_gray_flag").bool()

    def noisy(gray):
        noise = poisson_noise(image, scale, gray, lambda rates: (rates + 0.37).floor())
        return (image + noise).clamp(0, 1)

    return {
        "out_y": noisy(gray),
        "out_y_color_only": noisy(torch.zeros_like(gray)),
        "out_vals_color": poisson_levels(image),
    }


@golden_kind("training_pair_pool")
def training_pair_pool(case):
    pool = PairPool(scale=4, size=case.hyper["queue_size"])
    permutations = iter(case.tensor("in_permutations"))
    returned = []
    for ids in case.tensor("in_ids_fed"):
        lr = ids.float().view(-1, 1, 1, 1).expand(-1, 3, 2, 2) / 255
        batch = {"lr": lr, "hr": lr.repeat(1, 1, 4, 4) + 1}
        if pool.filled < pool.size:
            batch = pool(batch, torch.Generator())
        else:
            batch = pool.exchange(batch, next(permutations))
        got = (batch["lr"][:, 0, 0, 0] * 255).round().long()
        assert torch.equal(batch["hr"], batch["lr"].repeat(1, 1, 4, 4) + 1)
        returned.append(got)
    return {"out_ids_returned": torch.stack(returned)}


@golden_kind("degradation_pipeline")
def degradation_pipeline(case):
    hyper, hr = case.hyper, case.tensor("in_gt")
    draws, modes = iter(hyper["uniform_draws_in_order"]), hyper["resize_modes"]

    def noise(name):
        return lambda image: (image + case.tensor(name)).clamp(0, 1)

    def factor(direction):
        return 1.0 if direction == "keep" else next(draws)

    first_factor, _ = factor(hyper["updown"][0]), next(draws)
    blurred_twice = next(draws) < 0.8
    second_factor, _ = factor(hyper["updown"][1]), next(draws)
    plan = DegradationPlan(
        first=PassPlan(
            kernels=case.tensor("in_kernel1"),
            factor=first_factor,
            mode=modes[0],
            noise=noise("in_noise1"),
            quality=torch.tensor(hyper["jpeg_quality_first"]),
        ),
        second=PassPlan(
            kernels=case.tensor("in_kernel2") if blurred_twice else None,
            factor=second_factor,
            mode=modes[1],
            noise=noise("in_noise2"),
            quality=torch.tensor(hyper["jpeg_quality_second"]),
        ),
        final_mode=modes[2],
        final_kernels=case.tensor("in_sinc_kernel"),
        jpeg_last=next(draws) < 0.5,
    )
    usm = hyper["usm"]
    transform = SecondOrderDegradation(
        scale=hyper["scale"],
        hr_crop=hyper["gt_size"],
        sharpen_size=usm["radius"] + 1 - usm["radius"] % 2,
        sharpen_weight=usm["weight"],
        sharpen_threshold=usm["threshold"],
    )
    size = tuple(side // hyper["scale"] for side in hr.shape[-2:])
    sharpened = transform.sharpened(hr)
    outputs, numbers = {"out_step01_usm1": sharpened}, {}
    for step, (name, image) in enumerate(degrade_by_plan(sharpened, size, plan), start=2):
        numbers[name] = numbers.get(name, 0) + 1
        outputs[f"out_step{step:02d}_{name}{numbers[name]}"] = image
    lr = transform.degraded(hr, size, plan)
    lr, hr = transform.crop(lr, hr, *hyper["crop_top_left_lq"])
    return outputs | {"out_lq": lr, "out_gt": hr, "out_gt_usm": transform.sharpened(hr)}
