"""DLSN (Su et al., 2022): residual groups that end in hashed attention."""

import itertools

import numpy as np

from formulas.convolution import pixel_shuffled
from formulas.derivative import with_gradients
from formulas.hashed_attention import block
from formulas.layers import conv, part, relu
from formulas.registry import formula


def dlsn(x, w, rotations, hyper):
    """The image, and hash codes group by group."""
    head = x = conv(conv(x, w, "sub_mean"), w, "head.0")
    settings = hyper | {"key_eps": 5e-5, "res_scale": 1}
    codes = []
    for g, matrices in enumerate(rotations):
        start, name = x, f"body.{g}.body"
        for b in range(hyper["n_resblocks"]):
            hidden = relu(conv(x, w, f"{name}.{b}.body.0"))
            x = x + conv(hidden, w, f"{name}.{b}.body.2")
        attended = block(x, part(w, f"{name}.{b + 1}."), matrices, settings)
        codes.append(attended["hash_codes"])
        x = start + hyper["res_scale"] * conv(attended["out"], w, f"{name}.{b + 2}")
    x = head + conv(x, w, f"body.{len(rotations)}")
    for number in itertools.takewhile(lambda i: f"tail.0.{i}.weight" in w, (0, 2)):
        x = pixel_shuffled(conv(x, w, f"tail.0.{number}"), 3 if hyper["scale"] == 3 else 2)
    return conv(conv(x, w, "tail.1"), w, "add_mean"), np.stack(codes)


@formula("dlsn_forward")
def forward(case):
    def loss(w):
        image, codes = dlsn(w["x"], w, case["rotations"], case.hyper)
        error = np.abs(image - case["hr"]).mean()
        return error, {"out": image, "loss": error, "hash_codes": codes}

    outputs, slopes = with_gradients(loss, {"x": case["x"]} | case.weights())
    return outputs | {f"grad_{name}": value for name, value in slopes.items()}
