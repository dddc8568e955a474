"""Golden cases of image quality measures and color conversion."""

import re

import numpy as np

from srcore.metrics.color import luma, rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb
from srcore.metrics.niqe import NaturalModel, niqe
from srcore.metrics.peak_signal_noise_ratio import psnr
from srcore.metrics.structural_similarity import ssim
from srcore.testing.golden import golden_kind


@golden_kind("psnr_ssim")
def psnr_ssim(case):
    values = []
    for pair, crop, on_y in case["rows"].tolist():
        settings = {"crop_border": crop, "y_channel": bool(on_y)}
        a, b = case[f"a{pair}"], case[f"b{pair}"]
        values.append((psnr(a, b, **settings), ssim(a, b, **settings)))
    return dict(zip(("psnr", "ssim"), np.array(values).T, strict=True))


@golden_kind("psnr_ssim_crops")
def psnr_ssim_crops(case):
    hr, sr = (case[name].astype(np.uint8) for name in ("in_rgb_gt", "in_rgb_sr"))
    outputs = {}
    for name in case.expected:
        metric, crop, channels = re.fullmatch(r"out_(psnr|ssim)_crop(\d+)_(y|rgb)", name).groups()
        function = {"psnr": psnr, "ssim": ssim}[metric]
        outputs[name] = function(sr, hr, crop_border=int(crop), y_channel=channels == "y")
    return outputs


@golden_kind("psnr_ssim_y")
def psnr_ssim_y(case):
    a, b = (case[name].astype(np.uint8) for name in ("in_a", "in_b"))
    settings = {"crop_border": case.hyper["crop_border"], "y_channel": True}
    return {"out_psnr": psnr(a, b, **settings), "out_ssim": ssim(a, b, **settings)}


@golden_kind("ycbcr")
def ycbcr(case):
    ycbcr_float = rgb_to_ycbcr(case["rgb_float"])
    return {
        "y_uint8": rgb_to_y(case["rgb_uint8"]),
        "ycbcr_uint8": rgb_to_ycbcr(case["rgb_uint8"]),
        "y_float": rgb_to_y(case["rgb_float"]),
        "ycbcr_float": ycbcr_float,
        "rgb_back_float": ycbcr_to_rgb(ycbcr_float),
        "y_for_metrics": luma(case["rgb_uint8"]),
    }


@golden_kind("edsr_metrics")
def edsr_metrics(case):
    outputs = {}
    for row in case.hyper["rows"]:
        number, scale = row["i"], row["scale"]
        sr, hr = (
            np.moveaxis(case[f"{name}_{number}"][0] * (255 / row["rgb_range"]), 0, -1)
            for name in ("sr", "hr")
        )
        sr, hr = (np.clip(np.round(image), 0, 255).astype(np.uint8) for image in (sr, hr))
        on_y = {"crop_border": scale, "y_channel": True}
        rounded = [np.round(luma(image)) for image in (sr, hr)]
        values = {
            "psnr_y_edsr": psnr(sr, hr, luma="edsr", **on_y),
            "psnr_y_edsr_float64": psnr(sr, hr, luma="edsr", **on_y),
            "psnr_rgb_validation_shave_scale_plus_6": psnr(sr, hr, crop_border=scale + 6),
            "psnr_y_float_basicsr": psnr(sr, hr, **on_y),
            "ssim_y_float": ssim(sr, hr, **on_y),
            "psnr_y_rounded_matlab_style": psnr(*rounded, crop_border=scale),
            "ssim_y_rounded_matlab_style": ssim(*rounded, crop_border=scale),
        }
        outputs[f"quantized_uint8_{number}"] = sr
        outputs |= {f"{name}_{number}": value for name, value in values.items()}
    return outputs


@golden_kind("psnr_rgb_float")
def psnr_rgb_float(case):
    # The eps of 1e-8 that the method adds to the MSE is below the tolerance unless images agree.
    hr, sr = case["hr"], case["sr_float"]
    peak = 20 * np.log10(case.hyper["peak"] / 255)
    return {
        "psnr_test_clipped": psnr(np.clip(sr, 0, 255), hr.astype(sr.dtype)) + peak,
        "psnr_test_unclipped": psnr(sr, hr.astype(sr.dtype)) + peak,
    }


@golden_kind("niqe")
def niqe_scores(case):
    model = NaturalModel(case["mu_pris_param"].ravel(), case["cov_pris_param"])
    images = [case[f"rgb{number}"] for number in range(len(case.hyper["images"]))]
    return {
        f"niqe_{halving}_half": np.array(
            [
                niqe(image, halving=halving, model=model, block=case.hyper["block"])
                for image in images
            ]
        )
        for halving in ("matlab", "bilinear")
    }
