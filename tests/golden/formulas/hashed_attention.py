"""Attention among pixels of near hash codes (Su et al., 2022): the operator and its block."""

import numpy as np

from formulas.convolution import convolved
from formulas.derivative import constant, with_gradients
from formulas.registry import formula


def log_sum_exp(scores):
    largest = constant(scores).max(-1, keepdims=True)
    return np.log(np.exp(scores - largest).sum(-1)) + largest[..., 0]


def one_round(query, key, value, fc_score, order, size):
    """Of one image: log-sum-exp and sums of values, by pixel, and the former by slot."""
    length = len(order)
    padding = -length % size
    order = np.concatenate([order, order[length - padding :]]).reshape(-1, size)
    near = np.concatenate([np.roll(order, shift, 0) for shift in (1, 0, -1)], 1)  # chunk, key
    added = np.moveaxis(fc_score[near], -1, 1)  # chunk, slot, key
    scores = np.einsum("csd,ckd->csk", query[order], key[near]) + added
    slots = log_sum_exp(scores)
    chosen = np.exp(scores - np.expand_dims(slots, -1))
    sums = np.einsum("csk,ckd->csd", chosen, value[near])
    place = np.empty(length, int)
    place[order.ravel()[:length]] = np.arange(length)
    slots = slots.reshape(-1)
    return slots[place], sums.reshape(-1, sums.shape[-1])[place], slots


def attended(query, key, value, fc_score, orders, size):
    """A batch of images ``(N, L, C)``; rounds are weighted by their sums of exponentials."""
    outputs, by_pixel, by_slot = [], [], []
    for image, of_image in enumerate(orders):
        inputs = [them[image] for them in (query, key, value, fc_score)]
        rounds = zip(*[one_round(*inputs, order, size) for order in of_image], strict=True)
        lse, sums, slots = map(np.stack, map(list, rounds))
        weights = np.exp(lse - np.expand_dims(log_sum_exp(lse.transpose(1, 0)), 0))
        outputs.append((np.expand_dims(weights, -1) * sums).sum(0))
        by_pixel.append(lse)
        by_slot.append(slots)
    return np.stack(outputs), np.stack(by_pixel), np.stack(by_slot)


@formula("hashed_attention_op")
def operator(case):
    def objective(inputs):
        out, lse, _ = attended(*inputs.values(), case["sorted_indices"], case.hyper["chunk_size"])
        return (out * case["grad_out"]).sum(), {"out": out, "lse": lse}

    names = "query", "key", "value", "fc_score"
    outputs, slopes = with_gradients(objective, {name: case[name] for name in names})
    return outputs | {f"grad_{name}": gradient for name, gradient in slopes.items()}


def hash_codes(query, rotations):
    """The largest of the rotated values; the first of equal ones."""
    return np.einsum("nlc,tcb->ntlb", query, rotations).argmax(-1)


def unit(query, eps):
    """Keys: queries of length 1, unless they are shorter than ``eps``."""
    squares = (query**2).sum(-1, keepdims=True)
    return query / np.maximum(np.sqrt(np.maximum(squares, eps**2)), eps)


def block(x, weights, rotations, hyper):
    """GLA; what lies on the way, too."""

    def pixels(name):
        layer = (weights[f"{name}.0.{part}"] for part in ("weight", "bias"))
        image = np.maximum(convolved(x, *layer), 0)
        return np.swapaxes(image.reshape(*image.shape[:2], -1), 1, 2)

    def linear(x, name):
        return np.einsum("nlc,dc->nld", x, weights[f"{name}.weight"]) + weights[f"{name}.bias"]

    query, value = pixels("conv_match"), pixels("conv_assembly")
    hidden = np.maximum(linear(pixels("conv_assembly_fc"), "fc.0"), 0)
    fc_score = linear(hidden, "fc.2")
    codes = hash_codes(constant(query), rotations)
    orders = codes.argsort(-1, kind="stable")
    key = unit(query, hyper["key_eps"])
    out, lse, slots = attended(query, key, value, fc_score, orders, hyper["chunk_size"])
    image = np.swapaxes(out, 1, 2).reshape(*x.shape)
    return {
        "hash_codes": codes,
        "sorted_indices": orders,
        "query": query,
        "fc_score": fc_score,
        "lse": lse,
        "lse_slots": slots,
        "out": image * hyper["res_scale"] + x,
    }


@formula("gla_module")
def module(case):
    def objective(given):
        outputs = block(given["x"], given, case["rotations"], case.hyper)
        return (outputs["out"] * case["grad_out"]).sum(), outputs

    outputs, slopes = with_gradients(objective, {"x": case["x"]} | case.weights())
    return outputs | {f"grad_{name}": gradient for name, gradient in slopes.items()}
