"""Layers of networks; weights are dictionaries with the names that published files have."""

import numpy as np
from scipy.special import erf

from formulas.convolution import convolved
from formulas.degradation import linear as between
from formulas.derivative import SLOPES, constant, with_gradients

SLOPES[erf] = (lambda a, y: 2 / np.sqrt(np.pi) * np.exp(-(a**2)),)

#: Arrays of a file that no gradient goes to.
BUFFERS = "running_mean", "running_var", "num_batches_tracked", "weight_u", "weight_v"
BUFFERS = (*BUFFERS, "relative_position_index", "attn_mask")


def part(weights, prefix):
    """Those whose name begins so, without that beginning."""
    length = len(prefix)
    return {name[length:]: value for name, value in weights.items() if name.startswith(prefix)}


def parameters(weights):
    return {name: value for name, value in weights.items() if not name.endswith(BUFFERS)}


def buffers(weights):
    return {name: value for name, value in weights.items() if name.endswith(BUFFERS)}


def conv(x, w, name, **settings):
    return convolved(x, w[f"{name}.weight"], w.get(f"{name}.bias"), **settings)


def linear(x, w, name):
    """Along the last axis."""
    result = np.einsum("nc,dc->nd", x.reshape(-1, x.shape[-1]), w[f"{name}.weight"])
    result = result.reshape(*x.shape[:-1], -1)
    return result + w[f"{name}.bias"] if f"{name}.bias" in w else result


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def leaky(x, slope=0.2):
    return np.maximum(x, slope * x)


def elu(x):
    return relu(x) + np.exp(np.minimum(x, 0)) - 1


def gelu(x):
    return x * (0.5 + 0.5 * erf(x / np.sqrt(2)))


def nearest(x):
    return np.repeat(np.repeat(x, 2, 2), 2, 3)


def enlarged(x, factor):
    """Bilinear."""
    rows, columns = (between(size, factor * size, factor) for size in x.shape[-2:])
    return np.einsum("yi,xj,ncij->ncyx", rows, columns, x)


def _quarters(x):
    height, width = (size // 2 * 2 for size in x.shape[-2:])
    return [x[..., i:height:2, j:width:2] for i in (0, 1) for j in (0, 1)]


def max_pool(x):
    a, b, c, d = _quarters(x)
    return np.maximum(np.maximum(a, b), np.maximum(c, d))


def mean_pool(x):
    return sum(_quarters(x)) / 4


def standardized(x, axes, eps):
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axes, keepdims=True) + eps)


def layer_norm(x, w, name):
    return standardized(x, -1, 1e-5) * w[f"{name}.weight"] + w[f"{name}.bias"]


def group_norm(x, w, name, groups, eps):
    flat = standardized(x.reshape(len(x), groups, -1), -1, eps).reshape(*x.shape)
    return flat * w[f"{name}.weight"].reshape(-1, 1, 1) + w[f"{name}.bias"].reshape(-1, 1, 1)


def batch_norm(x, w, state, name, training):
    """In training by the batch; ``state`` keeps averages of what was seen."""

    def column(value):
        return value.reshape(-1, 1, 1)

    mean, variance = (f"{name}.running_{it}" for it in ("mean", "var"))
    if training:
        y, values = standardized(x, (0, 2, 3), 1e-5), constant(x)
        unbiased = values.var((0, 2, 3), ddof=1)
        state[mean] = 0.9 * state[mean] + 0.1 * values.mean((0, 2, 3))
        state[variance] = 0.9 * state[variance] + 0.1 * unbiased
        state[f"{name}.num_batches_tracked"] = state[f"{name}.num_batches_tracked"] + 1
    else:
        y = (x - column(state[mean])) / np.sqrt(column(state[variance]) + 1e-5)
    return y * column(w[f"{name}.weight"]) + column(w[f"{name}.bias"])


def spectral_conv(x, w, state, name, training, **settings):
    """Weights by their largest singular value; in training, one power iteration comes first."""
    weight, u, v = w[f"{name}.weight_orig"], state[f"{name}.weight_u"], state[f"{name}.weight_v"]
    matrix = weight.reshape(len(weight), -1)
    if training:
        v = constant(matrix).T @ u
        v = v / np.linalg.norm(v)
        u = constant(matrix) @ v
        u = u / np.linalg.norm(u)
        state |= {f"{name}.weight_u": u, f"{name}.weight_v": v}
    sigma = (matrix * np.outer(u, v)).sum()
    return convolved(x, weight / sigma, w.get(f"{name}.bias"), **settings)


def weighted(network, x, w, weigh, **settings):
    """A network's image, and gradients of a weighted sum of it by ``x`` and names of weights."""

    def objective(given):
        y = network(given["x"], given, **settings)
        return weigh(y), {"y": y}

    outputs, slopes = with_gradients(objective, {"x": x} | parameters(w))
    return outputs["y"], slopes


def underscored(slopes):
    """Gradients by x and by parameters under the names that arrays of LDL have."""
    names = {name: "x" if name == "x" else f"_{name.replace('.', '__')}" for name in slopes}
    return {f"out_grad_{names[name]}": value for name, value in slopes.items()}
