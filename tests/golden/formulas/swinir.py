"""SwinIR (Liang et al., 2021)."""

import itertools

import numpy as np

from formulas.attention import softmax
from formulas.convolution import pixel_shuffled
from formulas.layers import conv, gelu, layer_norm, leaky, linear, nearest, underscored, weighted
from formulas.registry import formula

MEAN = np.array([0.4488, 0.4371, 0.4040]).reshape(-1, 1, 1)


def windows(x, size):
    """``(N, H, W, C)`` -> ``(N, windows, pixels of each, C)``."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height // size, size, width // size, size, channels)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, -1, size**2, channels)


def whole(x, size, height, width):
    x = x.reshape(len(x), height // size, width // size, size, size, -1)
    return x.transpose(0, 1, 3, 2, 4, 5).reshape(len(x), height, width, -1)


def relative_places(size):
    """Row of the table of biases for each pair of pixels."""
    y, x = np.mgrid[:size, :size].reshape(2, -1)
    dy, dx = (axis[:, None] - axis + size - 1 for axis in (y, x))
    return dy * (2 * size - 1) + dx


def shift_mask(height, width, size, shift):
    """What a shift brought together from opposite edges does not attend to one another."""
    rows, columns = (np.digitize(np.arange(n), [n - size, n - shift]) for n in (height, width))
    regions = windows((3 * rows[:, None] + columns)[None, :, :, None], size)[0, ..., 0]
    return np.where(regions[:, :, None] == regions[:, None, :], 0, -100)


def window_attention(x, w, name, size, heads, mask):
    n, count, pixels, channels = x.shape
    qkv = linear(x, w, f"{name}.qkv").reshape(n, count, pixels, 3, heads, channels // heads)
    query, key, value = (qkv[:, :, :, i] for i in range(3))
    scores = np.einsum("nwphd,nwqhd->nwhpq", query, key) / np.sqrt(channels // heads)
    table = w[f"{name}.relative_position_bias_table"]
    scores = scores + table[relative_places(size)].transpose(2, 0, 1)
    scores = scores + np.expand_dims(mask, 1)
    result = np.einsum("nwhpq,nwqhd->nwphd", softmax(scores), value)
    return linear(result.reshape(*x.shape), w, f"{name}.proj")


def block(x, w, name, size, heads, shift):
    _, height, width, _ = x.shape
    moved = np.roll(layer_norm(x, w, f"{name}.norm1"), (-shift, -shift), (1, 2))
    mask = shift_mask(height, width, size, shift) if shift else np.zeros((1, 1, 1))
    moved = window_attention(windows(moved, size), w, f"{name}.attn", size, heads, mask)
    x = x + np.roll(whole(moved, size, height, width), (shift, shift), (1, 2))
    hidden = gelu(linear(layer_norm(x, w, f"{name}.norm2"), w, f"{name}.mlp.fc1"))
    return x + linear(hidden, w, f"{name}.mlp.fc2")


def to_image(x):
    return np.moveaxis(x, -1, 1)


def to_tokens(x):
    return np.moveaxis(x, 1, -1)


def convs(x, w, name):
    """One convolution, or three with leaky ReLUs between."""
    if f"{name}.weight" in w:
        return conv(x, w, name)
    return conv(leaky(conv(leaky(conv(x, w, f"{name}.0")), w, f"{name}.2")), w, f"{name}.4")


def body(first, w, hyper):
    x, size = layer_norm(to_tokens(first), w, "patch_embed.norm"), hyper["window_size"]
    for i, (depth, heads) in enumerate(zip(hyper["depths"], hyper["num_heads"], strict=True)):
        start = x
        for j in range(depth):
            name = f"layers.{i}.residual_group.blocks.{j}"
            x = block(x, w, name, size, heads, size // 2 * (j % 2))
        x = start + to_tokens(convs(to_image(x), w, f"layers.{i}.conv"))
    return first + convs(to_image(layer_norm(x, w, "norm")), w, "conv_after_body")


def head(x, w, kind, scale):
    if kind == "pixelshuffledirect":
        return pixel_shuffled(conv(x, w, "upsample.0"), scale)
    x = leaky(conv(x, w, "conv_before_upsample.0"), 0.01)
    for number in itertools.takewhile(lambda i: f"upsample.{i}.weight" in w, (0, 2, 4)):
        x = pixel_shuffled(conv(x, w, f"upsample.{number}"), 3 if scale == 3 else 2)
    if kind == "nearest+conv":
        for name in ("conv_up1", "conv_up2"):
            x = leaky(conv(nearest(x), w, name)) if f"{name}.weight" in w else x
        x = leaky(conv(x, w, "conv_hr"))
    return conv(x, w, "conv_last")


def swinir(image, w, hyper):
    height, width = image.shape[-2:]
    scale, size, full = hyper["upscale"], hyper["window_size"], hyper["img_range"]
    edges = [(0, 0), (0, 0), (0, -height % size), (0, -width % size)]
    image = (np.pad(image, edges, mode="reflect") - MEAN) * full
    x = body(conv(image, w, "conv_first"), w, hyper)
    kind = hyper["upsampler"]
    x = head(x, w, kind, scale) if kind else image + conv(x, w, "conv_last")
    return (x / full + MEAN)[:, :, : height * scale, : width * scale]


ATTENTION = "layers.0.residual_group.blocks.{}.attn."
TABLE, QKV = ATTENTION + "relative_position_bias_table", ATTENTION + "qkv.weight"


def called(case, image, weigh):
    return weighted(swinir, case[image], case.weights(), weigh, hyper=case.hyper)


@formula("swinir_cos_grad")
def of_the_program(case):
    y, slopes = called(case, "x", lambda y: (y * np.cos(np.arange(y.size)).reshape(y.shape)).sum())
    return {
        "y": y,
        "grad_x": slopes["x"],
        "grad_bias_table": slopes[TABLE.format(1)],
        "grad_qkv": slopes[QKV.format(0)],
    }


@formula("swinir_mean_square_grad")
def of_sed(case):
    y, slopes = called(case, "in_x", lambda y: (y**2).mean())
    return {
        "out_y": y,
        "out_grad_x": slopes["x"],
        "out_grad_bias_table": slopes[TABLE.format(1)],
        "out_grad_qkv_weight": slopes[QKV.format(1)],
    }


@formula("swinir_cotangent_grad")
def of_ldl(case):
    y, slopes = called(case, "in_x", lambda y: (y * case["in_cotangent"]).mean())
    return {"out_y": y} | underscored(slopes)
