"""The map of artifacts of LDL (Liang et al., 2022) and the loss that it weights."""

import numpy as np

from formulas.convolution import padded
from formulas.derivative import constant, gradients
from formulas.registry import formula


def residual(image, gt):
    return np.abs(image - gt).sum(1, keepdims=True)


def variance(samples, axis):
    """Without bias."""
    count = samples.size // samples.mean(axis).size
    return ((samples - samples.mean(axis, keepdims=True)) ** 2).sum(axis) / (count - 1)


def local_variance(errors, size):
    height, width = errors.shape[-2:]
    wide = padded(errors, size // 2, "reflect")
    shifts = [(i, j) for i in range(size) for j in range(size)]
    return variance(np.stack([wide[..., i : i + height, j : j + width] for i, j in shifts]), 0)


def image_weights(errors, exponent):
    """A power of each image's variance; the slope of no variance is taken for 0."""
    spread = variance(errors, (1, 2, 3)).reshape(-1, 1, 1, 1)
    if not constant(spread).all():
        spread = constant(spread)
    return spread**exponent


def artifact_map(sr, ema, gt, size, exponent):
    """Zero where the averaged network is worse."""
    errors = residual(sr, gt)
    kept = constant(errors) >= residual(ema, gt)
    return image_weights(errors, exponent) * local_variance(errors, size) * kept.astype(float)


def ldl_loss(sr, ema, gt, size, exponent=0.2, attached=True):
    """Gradients pass through the map as well, if it is attached."""
    weights = artifact_map(sr, ema, gt, size, exponent)
    weights = weights if attached else constant(weights)
    return np.abs(weights * sr - weights * gt).mean()


@formula("artifact_map")
def loss_and_map(case):
    sr, ema, gt, hyper = case["in_sr"], case["in_ema"], case["in_gt"], case.hyper
    settings = hyper["ksize"], hyper["stabiliser_exponent"]

    def loss(x, attached=True):
        return ldl_loss(x, ema, gt, *settings, attached) * hyper["loss_weight"]

    value, (gradient,) = gradients(loss, sr)
    errors, of_average = residual(sr, gt), residual(ema, gt)
    return {
        "out_residual_sr": errors,
        "out_residual_ema": of_average,
        "out_patch_weight": image_weights(errors, hyper["stabiliser_exponent"]),
        "out_local_variance": local_variance(errors, hyper["ksize"]),
        "out_keep_mask": errors >= of_average,
        "out_map": artifact_map(sr, ema, gt, *settings),
        "out_loss": value,
        "out_grad_sr": gradient,
        "out_grad_sr_map_detached": gradients(lambda x: loss(x, attached=False), sr)[1][0],
    }
