"""Networks of USR-DU: the one that makes small images uncertain, and the one that enlarges them."""

import itertools

import numpy as np

from formulas.derivative import with_gradients
from formulas.layers import conv, elu, max_pool, part, relu
from formulas.registry import formula
from formulas.rrdbnet import drawn, rrdbnet


def prelu(x, w, name):
    return relu(x) + w[f"{name}.weight"] * np.minimum(x, 0)


def downsampled(x, w):
    """The mean of small images, and logarithms of scales of its pixels and of its features."""
    x = prelu(conv(x, w, "block_input.0"), w, "block_input.1")
    for i in itertools.takewhile(lambda i: f"res_blocks.{i}.conv1.weight" in w, itertools.count()):
        hidden = prelu(conv(x, w, f"res_blocks.{i}.conv1"), w, f"res_blocks.{i}.prelu")
        x = x + conv(hidden, w, f"res_blocks.{i}.conv2")
    for i in (0, 2):
        if f"down_sample.{i}.bias" in w:
            x = conv(x, w, f"down_sample.{i}", stride=2)
            x = prelu(x, w, f"down_sample.{i + 1}")
    log_scale = x
    for i in (0, 2, 4):
        log_scale = elu(conv(log_scale, w, f"var.{i}"))
    features = x
    for i in (0, 3, 6, 9):
        features = max_pool(relu(conv(features, w, f"per_var.{i}")))
    for i in (12, 14, 16):
        features = elu(conv(features, w, f"per_var.{i}"))
    return {
        "out_mean": conv(x, w, "block_output"),
        "out_log_scale": log_scale,
        "out_feat_log_scale": features,
    }


@formula("dsn_generator")
def with_gradient(case):
    def objective(w):
        outputs = downsampled(w["hr"], w)
        sums = [(case[f"in_w{i}"] * value).sum() for i, value in enumerate(outputs.values())]
        return sum(sums), outputs

    outputs, slopes = with_gradients(objective, {"hr": case["in_hr"]} | case.weights())
    return outputs | {f"out_grad_{name}": value for name, value in slopes.items()}


@formula("dsn_generator_full_width")
def full_width(case):
    n = case.hyper["base_width"]
    sizes = {"block_input.0": (n, 3), "block_output": (3, n)}
    slopes = ["block_input.1"]
    for i in range(case.hyper["n_res_blocks"]):
        sizes |= {f"res_blocks.{i}.conv{j}": (n, n) for j in (1, 2)}
        slopes.append(f"res_blocks.{i}.prelu")
    for i in (0, 2) if case.hyper["scale"] == 4 else (0,):
        sizes[f"down_sample.{i}"] = n, n
        slopes.append(f"down_sample.{i + 1}")
    sizes |= {"var.0": (n, n), "var.2": (n, n), "var.4": (3, n)}
    widths = [n, n, 2 * n, 4 * n, 8 * n, 8 * n, 8 * n, 8 * n]
    pairs = zip((0, 3, 6, 9, 12, 14, 16), itertools.pairwise(widths), strict=True)
    sizes |= {f"per_var.{i}": (out, size) for i, (size, out) in pairs}
    shapes = {f"{name}.weight": (*size, 3, 3) for name, size in sizes.items()}
    shapes |= {f"{name}.bias": size[:1] for name, size in sizes.items()}
    shapes |= {f"{name}.weight": (1,) for name in slopes}
    return downsampled(case["in_hr"], drawn(shapes, case.hyper))


@formula("srn_network")
def enlarged_with_noise(case):
    w = case.weights()
    log_scale = downsampled(case["in_gt"], part(w, "RRDBNet_var."))["out_log_scale"]
    prefix = "RRDBNet_U."
    network = part(w, prefix)

    def objective(them):
        noise = np.exp(log_scale) * case["in_z"] / 255
        y = rrdbnet(them["lq"] + noise, {name: them[name] for name in network})
        return (y * case["in_w"]).sum(), {"out_sr_sampled": y}

    outputs, slopes = with_gradients(objective, {"lq": case["in_lq"]} | network)
    outputs |= {f"out_grad_{prefix}{name}": value for name, value in slopes.items()}
    return outputs | {
        "out_sr_plain": rrdbnet(case["in_lq"], network),
        "out_log_scale": log_scale,
        "out_grad_lq": slopes["lq"],
    }
