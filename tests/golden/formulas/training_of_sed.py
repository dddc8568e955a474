"""Iterations of SeD with given semantics."""

import numpy as np

from formulas.adam import Adam
from formulas.adversarial import cross_entropy
from formulas.derivative import with_gradients
from formulas.layers import buffers, parameters
from formulas.registry import formula
from formulas.rrdbnet import rrdbnet
from formulas.semantic_fusion import Discriminator, flat
from formulas.vgg import LAYERS, distance


def one_iteration(factors, g, d, vgg, lr, hr, see):
    """Losses, and gradients before any step."""

    def generator(weights):
        sr = rrdbnet(lr, weights)
        terms = {
            "pixel": factors["loss_pix"] * np.abs(sr - hr).mean(),
            "perceptual": factors["loss_p"] * distance(sr, hr, vgg, LAYERS)[0],
            "adversarial": factors["loss_g"] * cross_entropy(see(sr, d), 1),
        }
        return sum(terms.values()), terms | {"sr": sr}

    losses, of_g = with_gradients(generator, g)
    sr = losses.pop("sr")

    def discriminator(weights):
        real = cross_entropy(see(hr, weights), 1)
        fake = cross_entropy(see(sr, weights), 0)
        return real + fake, {"real": real, "fake": fake}

    more, of_d = with_gradients(discriminator, d)
    return [*losses.values(), *more.values()], of_g, of_d


@formula("train_step_patch", "train_step_unet")
def iterations(case):
    hyper, kind = case.hyper, case.kind.removeprefix("train_step_")
    vgg, g = case.weights(hyper["perceptual_weights"]), case.weights(hyper["generator_weights"])
    file = case.weights(hyper["discriminator_weights"])
    d, state = parameters(file), buffers(file)
    before = {"g": dict(g), "d": dict(d)}
    optimizers = [Adam(**hyper["adam"]) for _ in (g, d)]
    rows = []
    for number, semantic in enumerate(case["in_semantic"]):

        def see(image, weights, semantic=semantic):
            network = Discriminator(weights, state, True, hyper["discriminator"]["nheads"])
            return getattr(network, kind)(image, semantic)

        pair = case["in_lr"][number], case["in_hr"][number]
        row, *slopes = one_iteration(hyper["loss_weights"], g, d, vgg, *pair, see)
        rows.append(row)
        for optimizer, weights, gradients in zip(optimizers, (g, d), slopes, strict=True):
            optimizer.step(weights, gradients)
            if number + 1 in hyper["scheduler"]["milestones"]:
                optimizer.lr *= hyper["scheduler"]["gamma"]
    outputs = {"out_losses": rows} | {f"out_d_{flat(name)}": it for name, it in state.items()}
    for letter, weights in (("g", g), ("d", d)):
        for name, value in weights.items():
            outputs[f"out_delta_{letter}_{flat(name)}"] = value - before[letter][name]
    return outputs
