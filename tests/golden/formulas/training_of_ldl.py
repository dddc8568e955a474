"""Iterations of LDL, with the discriminators of ESRGAN and of Real-ESRGAN."""

import numpy as np

from formulas.adam import Adam
from formulas.adversarial import cross_entropy
from formulas.artifact_map import ldl_loss
from formulas.blur import sharpened
from formulas.derivative import constant, with_gradients
from formulas.discriminators import vgg128
from formulas.layers import buffers, parameters, part
from formulas.registry import formula
from formulas.rrdbnet import rrdbnet
from formulas.unet_discriminator import unet
from formulas.vgg import LAYERS, distance


def one_iteration(case, networks, lr, gt, see):
    """Losses and gradients of one iteration before its steps, the two networks apart.

    A relativistic discriminator sees real images first for the generator, and for itself the
    generated ones twice, since each half of its loss is made anew.
    """
    hyper, (g, d, ema, vgg) = case.hyper, networks
    target, average = gt, rrdbnet(lr, ema)
    if hyper["usm"]:
        target = sharpened(gt, hyper["usm"]["radius"] + 1, 0.5, 10)[0]
    relativistic = hyper["gan"].startswith("relativistic")

    def generator(weights):
        sr = rrdbnet(lr, weights)
        if relativistic:
            real, fake = see(gt, d), see(sr, d)
            halves = cross_entropy(real - fake.mean(), 0) + cross_entropy(fake - real.mean(), 1)
            gan = halves / 2
        else:
            gan = cross_entropy(see(sr, d), 1)
        terms = {
            "l_g_pix": hyper["pixel_weight"] * np.abs(sr - target).mean(),
            "l_g_artifacts": hyper["artifact_weight"] * ldl_loss(sr, average, gt, hyper["ksize"]),
            "l_g_percep": hyper["perceptual_weight"] * distance(sr, target, vgg, LAYERS)[0],
            "l_g_gan": hyper["gan_weight"] * gan,
        }
        return sum(terms.values()), terms | {"sr": sr}

    losses, of_g = with_gradients(generator, g)
    sr = losses.pop("sr")

    def discriminator(weights):
        if relativistic:
            fake = constant(see(sr, weights))
            real = see(gt, weights)
            l_real = cross_entropy(real - fake.mean(), 1) / 2
            fake = see(sr, weights)
            l_fake = cross_entropy(fake - constant(real).mean(), 0) / 2
        else:
            real = see(gt, weights)
            l_real = cross_entropy(real, 1)
            fake = see(sr, weights)
            l_fake = cross_entropy(fake, 0)
        terms = {"l_d_real": l_real, "l_d_fake": l_fake}
        return l_real + l_fake, terms | {"out_d_real": real.mean(), "out_d_fake": fake.mean()}

    more, of_d = with_gradients(discriminator, d)
    return losses | more, of_g, of_d


@formula("train_step_esrgan", "train_step_realesrgan")
def three_iterations(case):
    hyper, files = case.hyper, case.weights()
    lr, small = case["in_lq"], case["in_gt_small"]
    factor = hyper["generator"]["scale"] * lr.shape[-1] // small.shape[-1]
    gt = np.repeat(np.repeat(small, factor, 2), factor, 3)
    g, d, ema = part(files, "g."), parameters(part(files, "d.")), part(files, "ema.")
    state = buffers(part(files, "d."))
    see = {
        "VGGStyle128": lambda x, w: vgg128(x, w, state, training=True),
        "UNetSN": lambda x, w: unet(x, w, state, training=True),
    }[hyper["discriminator"]["kind"]]
    of_g, of_d = (Adam(**hyper["optimiser"]) for _ in "gd")
    outputs = {}
    for number in (1, 2, 3):
        networks = g, d, ema, part(files, "vgg.vgg_net.")
        losses, to_g, to_d = one_iteration(case, networks, lr, gt, see)
        of_g.step(g, to_g)
        of_d.step(d, to_d)
        decay = hyper["ema_decay"]
        ema = {name: decay * value + (1 - decay) * g[name] for name, value in ema.items()}
        outputs[f"out_losses_iter{number}"] = [losses[name] for name in hyper["loss_order"]]
        if number == 1:
            named = {"grad_g__": to_g, "grad_d__": to_d, "g__": g, "ema__": ema, "": state}
            for prefix, values in named.items():
                after = "" if prefix.startswith("grad") else "_after1"
                for name, value in values.items():
                    short = name.replace(".weight_u", "_u").replace(".", "__")
                    outputs[f"out_{prefix}{short}{after}"] = value
    return outputs
