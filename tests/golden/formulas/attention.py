"""Attention of several heads (Vaswani et al., 2017), as SeD's fusion of semantics has it."""

import numpy as np

from formulas.derivative import constant, with_gradients
from formulas.registry import formula


def softmax(scores):
    powers = np.exp(scores - constant(scores).max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def attended(x, context, weights, heads):
    """Tokens ``(B, N, C)`` that ask, and those that answer."""

    def projected(tokens, name):
        values = np.einsum("bnc,dc->bnd", tokens, weights[f"to_{name}.weight"])
        return values.reshape(*values.shape[:2], heads, -1)

    query, key, value = projected(x, "q"), projected(context, "k"), projected(context, "v")
    scores = np.einsum("bnhd,bmhd->bhnm", query, key) / np.sqrt(query.shape[-1])
    result = np.einsum("bhnm,bmhd->bnhd", softmax(scores), value)
    result = result.reshape(*x.shape[:2], -1)
    return np.einsum("bnc,dc->bnd", result, weights["to_out.0.weight"]) + weights["to_out.0.bias"]


@formula("multi_head_attention")
def layer(case):
    def objective(given):
        context = given.get("context", given["x"])
        y = attended(given["x"], context, given, case.hyper["heads"])
        return (y * case["in_r"]).sum(), {"out_y": y}

    given = {name: case[f"in_{name}"] for name in ("x", "context") if f"in_{name}" in case}
    outputs, slopes = with_gradients(objective, given | case.weights())
    return outputs | {f"out_grad_{name.replace('.', '_')}": it for name, it in slopes.items()}
