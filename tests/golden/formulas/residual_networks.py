"""EDSR (Lim et al., 2017) and the SRResNet without norms of BasicSR."""

import itertools

import numpy as np

from formulas.convolution import pixel_shuffled
from formulas.layers import conv, enlarged, leaky, relu, underscored, weighted
from formulas.registry import formula


def blocks(x, w, scaling=1):
    for i in itertools.takewhile(lambda i: f"body.{i}.conv1.weight" in w, itertools.count()):
        x = x + scaling * conv(relu(conv(x, w, f"body.{i}.conv1")), w, f"body.{i}.conv2")
    return x


@formula("edsr_forward")
def edsr(case):
    w, hyper = case.weights(), case.hyper
    mean = np.array(hyper["rgb_mean"]).reshape(-1, 1, 1)
    first = conv((case["x"] - mean) * hyper["img_range"], w, "conv_first")
    x = first + conv(blocks(first, w, hyper["res_scale"]), w, "conv_after_body")
    for name in ("upsample.0", "upsample.2"):
        if f"{name}.weight" in w:
            x = conv(x, w, name)
            x = pixel_shuffled(x, int(np.sqrt(x.shape[1] / hyper["num_feat"])))
    return {"y": conv(x, w, "conv_last") / hyper["img_range"] + mean}


def msrresnet(image, w, scale):
    x = blocks(leaky(conv(image, w, "conv_first"), 0.1), w)
    factor = scale if scale in (2, 3) else 2
    for name in ("upconv1", "upconv2"):
        if f"{name}.weight" in w:
            x = leaky(pixel_shuffled(conv(x, w, name), factor), 0.1)
    return conv(leaky(conv(x, w, "conv_hr"), 0.1), w, "conv_last") + enlarged(image, scale)


@formula("msrresnet_cotangent_grad")
def with_gradient(case):
    y, slopes = weighted(
        msrresnet,
        case["in_x"],
        case.weights(),
        lambda y: (y * case["in_cotangent"]).mean(),
        scale=case.hyper["upscale"],
    )
    return {"out_y": y} | underscored(slopes)
