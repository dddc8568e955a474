"""One iteration of ESRDGAN: the generator every second time, the discriminator always."""

import numpy as np

from formulas.adam import Adam
from formulas.adversarial import relativistic
from formulas.derivative import with_gradients
from formulas.discriminators import esrdgan
from formulas.layers import buffers, mean_pool, parameters
from formulas.registry import formula
from formulas.rrdbnet import rrdbnet


def names(generator):
    """First and last weights of both networks, as the arrays call them."""
    last = max(int(name.split(".")[1]) for name in generator)
    return {
        "g_first": "model.0.weight",
        "g_last": f"model.{last}.weight",
        "d_first": "features.0.strideddownconv.0.weight",
        "d_last": "classifier.2.weight",
    }


@formula("train_step_esrdgan")
def iteration(case):
    hyper = case.hyper
    lr, hr = case["lr_uint8"] / 255, case["hr_uint8"] / 255
    g, d_file = case.weights(), case.weights(case.entry["extra_files"][0])
    d, state = parameters(d_file), buffers(d_file)
    rule = hyper["gan_type"], 0.9 if hyper["one_sided_label_smoothing"] else 1, 0
    slopes, outputs = {}, dict.fromkeys(("loss_G", "loss_G_GAN", "loss_G_feat", "loss_G_pix"), 0)
    sr = rrdbnet(lr, g)

    def generator(weights):
        image = rrdbnet(lr, weights)
        real = esrdgan(hr, d, state, training=True)
        fake = esrdgan(image, d, state, training=True)
        pools = [mean_pool(mean_pool(it)) for it in (image, hr)]
        terms = {
            "loss_G_GAN": hyper["gan_weight"] * relativistic(fake, real, *rule),
            "loss_G_feat": hyper["feature_weight"] * np.abs(pools[0] - pools[1]).mean(),
            "loss_G_pix": hyper["pixel_weight"] * np.abs(image - hr).mean(),
        }
        return sum(terms.values()), terms | {"loss_G": sum(terms.values())}

    def discriminator(weights):
        real = esrdgan(hr, weights, state, training=True)
        loss = relativistic(real, esrdgan(sr, weights, state, training=True), *rule)
        return loss, {"loss_D": loss}

    if hyper["it"] % hyper["d_g_train_ratio"] == 0:
        outputs, of_g = with_gradients(generator, g)
        Adam(**hyper["adam"]).step(g, of_g)
        slopes |= of_g
    more, of_d = with_gradients(discriminator, d)
    Adam(**hyper["adam"]).step(d, of_d)
    slopes |= of_d
    outputs |= more | {"sr_sub4": sr[:, :, ::4, ::4]}
    for short, name in names(g).items():
        outputs[f"new_{short}"] = (g | d)[name]
        if name in slopes:
            outputs[f"grad_{short}"] = slopes[name]
    norm = "features.0.strideddownconv.3."
    kept = {"bn_running_mean": "running_mean", "bn_running_var": "running_var"}
    kept["bn_count"] = "num_batches_tracked"
    return outputs | {short: state[norm + name] for short, name in kept.items()}
