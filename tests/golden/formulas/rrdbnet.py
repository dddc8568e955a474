"""RRDBNet of ESRGAN (Wang et al., 2018), under the names of several programs."""

import itertools
import re

import numpy as np

from formulas.layers import conv, leaky, nearest, underscored, weighted
from formulas.registry import formula

#: Names of the first ESRGAN and of BSRGAN, and of ESRDGAN, as BasicSR has them.
FIRST = {
    r"RRDB_trunk\.(\d+)\.RDB(\d)": r"body.\1.rdb\2",
    "trunk_conv": "conv_body",
    r"upconv(\d)": r"conv_up\1",
    "HRconv": "conv_hr",
}
TURNED = {
    r"model\.1\.module\.(\d+)\.rdbs\.0": r"body.\1.rdb1",
    r"model\.1\.module\.(\d+)\.rdbs\.1": r"body.\1.rdb2",
    r"model\.1\.module\.(\d+)\.rdbs\.2": r"body.\1.rdb3",
    r"(conv\d)\.conv\.0": r"\1",
    "LFF": "conv5",
    r"model\.0": "conv_first",
    r"model\.1\.module\.\d+": "conv_body",
    r"model\.2\.upconv\.1": "conv_up1",
    r"model\.3\.upconv\.1": "conv_up2",
}


def renamed(names):
    """Published name -> that of BasicSR."""
    heads = sorted({int(it.split(".")[1]) for it in names if re.match(r"model\.\d+\.(w|b)", it)})
    last = dict(zip(heads[-2:], ("conv_hr", "conv_last"), strict=False))
    rules = FIRST | TURNED | {rf"model\.{number}\.": f"{name}." for number, name in last.items()}
    result = {}
    for name in names:
        ours = name
        for pattern, replacement in rules.items():
            ours = re.sub(pattern, replacement, ours)
        result[name] = ours
    return result


def unshuffled(x, factor):
    n, channels, height, width = x.shape
    x = x.reshape(n, channels, height // factor, factor, width // factor, factor)
    x = x.transpose(0, 1, 3, 5, 2, 4)
    return x.reshape(n, channels * factor**2, height // factor, width // factor)


def rrdbnet(x, w, slope=0.2, dense=0.2, block=0.2):
    """With weights under names of any of the programs."""
    w = {ours: w[name] for name, ours in renamed(w).items()}
    factor = {1: 1, 4: 2, 16: 4}[w["conv_first.weight"].shape[1] // x.shape[1]]
    first = conv(unshuffled(x, factor), w, "conv_first")
    x = first
    for i in itertools.takewhile(lambda i: f"body.{i}.rdb1.conv1.weight" in w, itertools.count()):
        start = x
        for j in (1, 2, 3):
            features = [x]
            for k in (1, 2, 3, 4):
                joined = np.concatenate(features, 1)
                features.append(leaky(conv(joined, w, f"body.{i}.rdb{j}.conv{k}"), slope))
            x = dense * conv(np.concatenate(features, 1), w, f"body.{i}.rdb{j}.conv5") + x
        x = block * x + start
    x = first + conv(x, w, "conv_body")
    for name in ("conv_up1", "conv_up2"):
        if f"{name}.weight" in w:
            x = leaky(conv(nearest(x), w, name), slope)
    return conv(leaky(conv(x, w, "conv_hr"), slope), w, "conv_last")


@formula("rrdbnet_forward")
def forward(case):
    return {"y": rrdbnet(case["x"], case.weights())}


@formula("rrdbnet_cotangent_grad")
def of_ldl(case):
    y, slopes = weighted(
        rrdbnet, case["in_x"], case.weights(), lambda y: (y * case["in_cotangent"]).mean()
    )
    return {"out_y": y} | underscored(slopes)


@formula("rrdbnet_mean_square_grad")
def of_sed(case):
    y, slopes = weighted(rrdbnet, case["in_x"], case.weights(), lambda y: (y**2).mean())
    return {
        "out_y": y,
        "out_grad_x": slopes["x"],
        "out_grad_trunk_0_RDB2_conv3": slopes["RRDB_trunk.0.RDB2.conv3.weight"],
        "out_grad_upconv1_weight": slopes["upconv1.weight"],
    }


@formula("esrdgan_generator")
def of_esrdgan(case):
    hyper = case.hyper
    rule = {"slope": {"leakyrelu": 0.2, "relu": 0}[hyper["act_type"]]}
    rule |= {"dense": hyper["rdb_res_scaling"], "block": hyper["rrdb_res_scaling"]}
    y, slopes = weighted(
        rrdbnet, case["x"], case.weights(), lambda y: (y * case["cotangent"]).mean(), **rule
    )
    return {
        "y": y,
        "grad_x": slopes["x"],
        "grad_first": slopes["model.0.weight"],
        "grad_lff": slopes["model.1.module.0.rdbs.1.LFF.weight"],
    }


def drawn(shapes, hyper):
    """Weights by the rule that the manifest of USR-DU states for networks of full width."""
    weights = {}
    for number, name in enumerate(sorted(shapes)):
        shape = shapes[name]
        value = np.random.RandomState(hyper["base_seed"] + number).standard_normal(shape)
        if len(shape) == 4:
            value *= hyper["gain"] * np.sqrt(2 / np.prod(shape[1:]))
        elif name.endswith(("weight_u", "weight_v")):
            value /= np.linalg.norm(value)
        elif np.prod(shape) == 1 and name.endswith("weight"):
            value = np.full(shape, 0.25)
        else:
            value *= 0.02
        weights[name] = np.float32(value).astype(float)
    return weights


@formula("rrdbnet_full_width")
def full_width(case):
    features, growth = case.hyper["nf"], case.hyper["gc"]
    sizes = {"conv_first": (features, 3), "conv_last": (3, features)}
    sizes |= dict.fromkeys(("trunk_conv", "upconv1", "upconv2", "HRconv"), (features, features))
    for i, j, k in itertools.product(range(case.hyper["nb"]), (1, 2, 3), (1, 2, 3, 4, 5)):
        out = growth if k < 5 else features
        sizes[f"RRDB_trunk.{i}.RDB{j}.conv{k}"] = (out, features + (k - 1) * growth)
    shapes = {f"{name}.weight": (*size, 3, 3) for name, size in sizes.items()}
    shapes |= {f"{name}.bias": size[:1] for name, size in sizes.items()}
    return {"out_sr": rrdbnet(case["in_lq"], drawn(shapes, case.hyper))}
