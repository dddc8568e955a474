"""SeD (Li et al., 2024): semantics that look at features of a discriminator, and both of those."""

import itertools

import numpy as np

from formulas.attention import attended
from formulas.convolution import pixel_shuffled
from formulas.derivative import with_gradients
from formulas.layers import (
    buffers,
    conv,
    enlarged,
    gelu,
    group_norm,
    layer_norm,
    leaky,
    linear,
    parameters,
    part,
    spectral_conv,
)
from formulas.registry import formula


def tokens(x):
    return np.swapaxes(x.reshape(*x.shape[:2], -1), 1, 2)


def shuffled(x, factor):
    """Blocks of pixels out of channels, column by column."""
    n, channels, height, width = x.shape
    x = x.reshape(n, channels // factor**2, factor, factor, height, width)
    return pixel_shuffled(np.swapaxes(x, 2, 3).reshape(n, channels, height, width), factor)


def fused(semantic, features, w, heads, factor):
    """The block without any residual; what follows each of its parts, and its result."""
    stages = {}
    stages["proj_in"] = x = conv(group_norm(semantic, w, "norm", 32, 1e-6), w, "proj_in")
    context = tokens(conv(features, w, "proj_context"))
    x = tokens(x)
    for i in itertools.count():
        if not (inner := part(w, f"transformer_blocks.{i}.")):
            break
        x = layer_norm(x, inner, "norm1")
        stages["attn1"] = x = attended(x, x, part(inner, "attn1."), heads)
        x = layer_norm(x, inner, "norm2")
        stages["attn2"] = x = attended(x, context, part(inner, "attn2."), heads)
        x = linear(layer_norm(x, inner, "norm3"), inner, "ff.net.0.proj")
        half = x.shape[-1] // 2
        stages["ff"] = x = linear(x[..., :half] * gelu(x[..., half:]), inner, "ff.net.2")
    image = np.swapaxes(x, 1, 2).reshape(len(x), -1, *semantic.shape[2:])
    stages["proj_out"] = x = conv(image, w, "proj_out")
    stages["subpixel"] = x = shuffled(x, factor)
    return conv(x, w, "conv_out", margin=1), stages


def flat(name):
    return name.replace(".", "_")


@formula("semantic_fusion_block")
def block(case):
    hyper = case.hyper

    def objective(w):
        y, stages = fused(w["x"], w["context"], w, hyper["n_heads"], hyper["up_factor"])
        outputs = {f"out_after_{name}": value for name, value in stages.items()}
        return (y * case["in_r"]).sum(), outputs | {"out_y": y}

    given = {"x": case["in_x"], "context": case["in_context"]} | case.weights()
    outputs, slopes = with_gradients(objective, given)
    short = {name.removeprefix("transformer_blocks.0."): value for name, value in slopes.items()}
    return outputs | {f"out_grad_{flat(name)}": value for name, value in short.items()}


class Discriminator:
    """Both; ``state`` has the vectors of spectral norms."""

    def __init__(self, w, state, training, heads):
        self.w, self.state, self.training, self.heads = w, state, training, heads

    def spectral(self, x, number, **settings):
        return spectral_conv(x, self.w, self.state, f"conv{number}", self.training, **settings)

    def joined(self, x, semantic, number, factor):
        more, _ = fused(semantic, x, part(self.w, f"att{number}."), self.heads, factor)
        return self.spectral(np.concatenate([x, more], 1), f"{number}1")

    def patch(self, x, semantic):
        x = leaky(conv(x, self.w, "conv_first", stride=2, margin=1))
        for number, factor, stride in ((1, 4, 2), (2, 2, 2), (3, 2, 1)):
            x = self.spectral(x, number, stride=stride, margin=1)
            x = leaky(self.joined(x, semantic, number, factor))
        return conv(x, self.w, "conv_last", margin=1)

    def unet(self, x, semantic):
        down = [leaky(conv(x, self.w, "conv0"))]
        for number in (1, 2):
            down.append(leaky(self.spectral(down[-1], number, stride=2, margin=1)))
        x = self.spectral(down[-1], 3, stride=2, margin=1)
        x = leaky(self.joined(x, semantic, 3, 2))
        for number, factor in ((4, 4), (5, 8), (6, None)):
            x = leaky(self.spectral(enlarged(x, 2), number)) + down.pop()
            if factor:
                x = self.joined(x, semantic, 6 - number, factor)
        x = leaky(self.spectral(leaky(self.spectral(x, 7)), 8))
        return conv(x, self.w, "conv9")


def called(case, training):
    kind = "patch" if "patch" in case.kind else "unet"
    state, w = buffers(case.weights()), parameters(case.weights())

    def objective(them):
        network = Discriminator(them, state, training, case.hyper["nheads"])
        y = getattr(network, kind)(them["x"], them["semantic"])
        return (y * case["in_r"]).sum(), {"out_y": y}

    given = {"x": case["in_x"], "semantic": case["in_semantic"]} | w
    outputs, slopes = with_gradients(objective, given)
    outputs |= {f"out_grad_{flat(name)}": value for name, value in slopes.items()}
    outputs |= {f"out_{flat(name)}_after": value for name, value in state.items()}
    again = Discriminator(w, state, training, case.hyper["nheads"])
    second = getattr(again, kind)(case["in_x"], case["in_semantic"])
    return outputs | {"out_y_second_call": second}


@formula("disc_patch_sed_eval", "disc_unet_sed_eval")
def evaluated(case):
    return called(case, training=False)


@formula("disc_patch_sed_train", "disc_unet_sed_train")
def trained(case):
    return called(case, training=True)
