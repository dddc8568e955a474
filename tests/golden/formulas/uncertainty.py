"""Losses of USR-DU (Ning et al., 2022): errors have Laplace distributions of learned scales."""

import numpy as np

from formulas.bicubic import resized
from formulas.convolution import convolved
from formulas.derivative import gradients
from formulas.registry import formula
from formulas.similarity import gaussian


def divergence(errors, log_scale):
    """What depends on the scale in the divergence from a Laplace distribution of scale 1."""
    scale = np.exp(log_scale)
    return (scale * np.exp(-errors / scale) - log_scale - 1).mean()


def blurred(images, size, margin=None):
    """By default with zeros around."""
    taps = gaussian(size, size / 6)
    kernels = np.eye(images.shape[1])[:, :, None, None] * np.outer(taps, taps)
    return convolved(images, kernels, margin=margin)


def low_frequencies(mean, wanted, size):
    return np.abs(blurred(mean - wanted, size, margin=0)).mean()


def data_loss(mean, log_scale, wanted, size, top=255):
    divergent = divergence(np.abs(mean - wanted) * top, log_scale)
    return low_frequencies(mean, wanted, size) + divergent / top


def feature_loss(features, log_scale, wanted, slope=0.5, top=255):
    errors = np.abs(features - wanted) * (slope * top)
    return (errors.mean() + divergence(errors, log_scale)) / top


@formula("kl_data_loss")
def of_pixels(case):
    hyper, mean, log_scale = case.hyper, case["in_gen"], case["in_log_scale"]
    rule = {"size": hyper["kernel_size"], "top": hyper["range"]}
    bicubic = resized(case["in_hr"], 1 / hyper["scale"])
    outputs = {"out_loss_plain_l1": np.abs(mean - bicubic).mean()}
    for name, wanted in (("bic", bicubic), ("ker", case["in_ref_lr"])):
        value, slopes = gradients(data_loss, mean, log_scale, wanted=wanted, **rule)
        outputs[f"out_loss_{name}"] = value
        outputs[f"out_grad_gen_{name}"], outputs[f"out_grad_log_scale_{name}"] = slopes
    value, (gradient,) = gradients(low_frequencies, mean, wanted=bicubic, size=rule["size"])
    return outputs | {"out_loss_without_scale": value, "out_grad_gen_without_scale": gradient}


@formula("feature_uncertainty_loss")
def of_features(case):
    rule = {"slope": case.hyper["affine"][0], "top": case.hyper["range"]}
    inputs = case["in_feat_gen"], case["in_feat_log_scale"]
    value, slopes = gradients(feature_loss, *inputs, wanted=case["in_feat_ref"], **rule)
    return {
        "out_loss": value,
        "out_grad_feat_gen": slopes[0],
        "out_grad_feat_log_scale": slopes[1],
    }


@formula("laplace_sampling")
def sampling(case):
    noise = np.exp(case["in_log_scale"]) * case["in_z"]
    return {"out_sample": case["in_lr"] + noise / case.hyper["range"]}


def gradient_map(images):
    """Differences to the right and downwards; none in the last column and row."""
    wide = np.pad(images, [(0, 0), (0, 0), (0, 1), (0, 1)], mode="edge")
    across = np.abs(wide[..., :-1, 1:] - images)
    return across + np.abs(wide[..., 1:, :-1] - images)


@formula("gradient_map")
def color_gradients(case):
    _, (gradient,) = gradients(lambda x: (gradient_map(x) * case["in_w"]).sum(), case["in_x"])
    return {"out_gradient_map": gradient_map(case["in_x"]), "out_grad_x": gradient}
