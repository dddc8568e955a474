"""Distances of feature maps, and of their Gram matrices (Johnson et al., 2016)."""

import numpy as np

from formulas.derivative import gradients
from formulas.registry import formula

#: The norm of the whole difference is not squared.
CRITERIA = {"l1": lambda d: np.abs(d).mean(), "fro": lambda d: np.sqrt((d**2).sum())}


def gram(features):
    _, channels, height, width = features.shape
    return np.einsum("nchw,ndhw->ncd", features, features) / (channels * height * width)


def loss(*features, targets, weights, criterion, of):
    layers = zip(weights, features, targets, strict=True)
    return sum(weight * criterion(of(a) - of(b)) for weight, a, b in layers)


def distances(case, given, wanted, names):
    """Perceptual and style losses, and gradients of their sum, all weighted."""
    layers, hyper, outputs = case.hyper["layer_weights"], case.hyper, {}
    features, targets = ([case[prefix + layer] for layer in layers] for prefix in (given, wanted))
    for name, criterion in CRITERIA.items():
        rule = {"targets": targets, "weights": layers.values(), "criterion": criterion}
        perceptual, firsts = gradients(loss, *features, **rule, of=lambda x: x)
        style, seconds = gradients(loss, *features, **rule, of=gram)
        factors = hyper["perceptual_weight"], hyper["style_weight"]
        outputs[names[0].format(name)] = factors[0] * perceptual
        outputs[names[1].format(name)] = factors[1] * style
        for layer, first, second in zip(layers, firsts, seconds, strict=True):
            both = factors[0] * first + factors[1] * second
            outputs[names[2].format(name, layer=layer)] = both
    return outputs


@formula("perceptual_style_losses")
def of_basicsr(case):
    return distances(case, "sr_", "gt_", ("perceptual_{}", "style_{}", "grad_{}_{layer}"))


@formula("perceptual_combination")
def of_ldl(case):
    names = ("out_percep_{}", "out_style_{}", "out_grad_{layer}_{}")
    return distances(case, "in_sr_", "in_gt_", names)
