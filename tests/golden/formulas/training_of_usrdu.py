"""One iteration of each network of USR-DU."""

import numpy as np

from formulas.adam import Adam
from formulas.adversarial import cross_entropy
from formulas.bicubic import resized
from formulas.derivative import with_gradients
from formulas.downsampler import downsampled
from formulas.layers import buffers, parameters, part, sigmoid
from formulas.registry import formula
from formulas.rrdbnet import rrdbnet
from formulas.uncertainty import blurred, data_loss, feature_loss, gradient_map
from formulas.unet_discriminator import unet
from formulas.vgg import features


def norm(gradients):
    return np.sqrt(sum((value**2).sum() for value in gradients.values()))


def named(letter, gradients, prefix=""):
    outputs = {f"out_grad_{letter}_{prefix}{name}": it for name, it in gradients.items()}
    return outputs | {f"out_grad_norm_{letter}": norm(gradients)}


@formula("dsn_training_step")
def downsampling(case):
    """The discriminator first, which sees generated images before the real ones."""
    hyper, files = case.hyper, case.weights()
    hr, lr = case["in_hr"], case["in_target_lr"]
    g, vgg = part(files, "gen."), part(files, "vgg.features.")
    d, state = parameters(part(files, "dis.")), buffers(part(files, "dis."))
    size = hyper["kernel_size"]
    bicubic = resized(hr, lr.shape[-1] / hr.shape[-1])
    wanted = features(bicubic, vgg, ["conv5_4"])["conv5_4"]

    def see(images, weights):
        high = 0.5 + 0.5 * (images - blurred(images, size))
        return unet(high, weights, state, training=True)

    mean = downsampled(hr, g)["out_mean"]

    def discriminator(weights):
        fake = see(mean, weights)
        real = see(lr, weights)
        loss = cross_entropy(fake, 0) + cross_entropy(real, 1)
        scores = {"fake_score": sigmoid(fake).mean(), "real_score": sigmoid(real).mean()}
        return loss, {"loss_d": loss} | scores

    def generator(weights):
        y = downsampled(hr, weights)
        seen = features(y["out_mean"], vgg, ["conv5_4"])["conv5_4"]
        of_data = data_loss(y["out_mean"], y["out_log_scale"], bicubic, size)
        terms = {
            "loss_gan_weighted": hyper["gan_weight"] * cross_entropy(see(y["out_mean"], d), 1),
            "loss_data_weighted": hyper["data_weight"] * of_data,
            "loss_feature_weighted": hyper["feature_weight"]
            * feature_loss(seen, y["out_feat_log_scale"], wanted),
        }
        return sum(terms.values()), terms | {"loss_total": sum(terms.values())}

    outputs, to_d = with_gradients(discriminator, d)
    Adam(hyper["lr"], hyper["adam_betas"]).step(d, to_d)
    more, to_g = with_gradients(generator, g)
    outputs = {f"out_{name}": value for name, value in (outputs | more).items()}
    return outputs | {"out_mean": mean} | named("g", to_g) | named("d", to_d)


@formula("srn_training_step")
def enlarging(case):
    """The generator first; the discriminator sees gradient maps."""
    hyper, files, hr = case.hyper, case.weights(), case["in_gt"]
    prefix = "RRDBNet_U."
    g, vgg = part(files, f"net_g.{prefix}"), part(files, "vgg.features.")
    d, state = parameters(part(files, "net_d.")), buffers(part(files, "net_d."))
    log_scale = downsampled(hr, part(files, "net_g.RRDBNet_var."))["out_log_scale"]
    lr = case["in_lq"] + np.exp(log_scale) * case["in_z"] / 255

    def see(images, weights):
        return unet(gradient_map(images), weights, state, training=True)

    def generator(weights):
        sr = rrdbnet(lr, weights)
        seen = [features(it, vgg, ["conv5_4"])["conv5_4"] for it in (sr, hr)]
        low = blurred(sr - hr, hyper["low_frequency_kernel"])
        terms = {
            "l_g_pix": hyper["pixel_weight"] * np.abs(sr - hr).mean(),
            "l_l_loss": hyper["low_frequency_weight"] * np.abs(low).mean(),
            "l_g_percep": hyper["perceptual_weight"] * np.abs(seen[0] - seen[1]).mean(),
            "l_g_gan": hyper["gan_weight"] * cross_entropy(see(sr, d), 1),
        }
        return sum(terms.values()), terms | {"output": sr}

    outputs, to_g = with_gradients(generator, g)
    sr = outputs["output"]

    def discriminator(weights):
        real = see(hr, weights)
        fake = see(sr, weights)
        terms = {"l_d_real": cross_entropy(real, 1), "l_d_fake": cross_entropy(fake, 0)}
        return sum(terms.values()), terms | {
            "out_d_real": real.mean(),
            "out_d_fake": fake.mean(),
        }

    more, to_d = with_gradients(discriminator, d)
    outputs = {f"out_{name}": value for name, value in (outputs | more).items()}
    outputs |= named("g", to_g, prefix) | named("d", to_d)
    name = "out_grad_d_conv3.weight_orig"
    return outputs | {name: outputs[name][: len(case[name])]}
