"""Absolute, squared and Charbonnier differences, weighted by element or not."""

import numpy as np

from formulas.derivative import gradients
from formulas.registry import formula


def loss(pred, target, size, weight):
    return (weight * size(pred - target)).sum()


@formula("pixel_losses")
def pixel_losses(case):
    eps, ones = case.hyper["charbonnier_eps"], np.ones(case["pred"].shape)
    weights = {"": ones, "_w1": case["weight1"] * ones, "_w3": case["weight3"]}
    sizes = {"l1": np.abs, "mse": lambda d: d**2, "charbonnier": lambda d: np.sqrt(d**2 + eps)}
    outputs = {}
    for kind, size in sizes.items():
        for suffix, weight in weights.items():
            for reduction, divisor in (("", weight.sum()), ("_sum", 1)):
                name = kind + reduction + suffix
                scaled = case.hyper["loss_weight"] * weight / divisor
                outputs[name], (outputs[f"{name}_grad"],) = gradients(
                    loss, case["pred"], target=case["target"], size=size, weight=scaled
                )
    return outputs
