"""Losses of generator and discriminator on logits, and labels that are smoothed or turned round."""

import itertools

import numpy as np

from formulas.derivative import gradients, with_gradients
from formulas.layers import relu, sigmoid
from formulas.registry import formula


def cross_entropy(logits, label):
    """Of the probability that is the logistic function of a logit, with a label from 0 to 1."""
    return (label * np.logaddexp(0, -logits) + (1 - label) * np.logaddexp(0, logits)).mean()


def criterion(logits, mode, is_real, label, for_generator, weight=1):
    sign = -1 if is_real else 1
    return (
        weight
        * {
            "vanilla": lambda: cross_entropy(logits, label),
            "lsgan": lambda: ((logits - label) ** 2).mean(),
            "wgan": lambda: sign * logits.mean(),
            "wgan_softplus": lambda: np.logaddexp(0, sign * logits).mean(),
            "hinge": lambda: (
                -1 * logits.mean() if for_generator else relu(1 + sign * logits).mean()
            ),
        }[mode]()
    )


def all_criteria(case, logits, labels, value_name, gradient_name, players):
    """Only the generator's loss is weighted."""
    outputs, modes = {}, ("vanilla", "lsgan", "wgan", "wgan_softplus", "hinge")
    for mode, (target, label), player in itertools.product(modes, labels.items(), players):
        rule = {"mode": mode, "is_real": target == "real", "label": label}
        rule["for_generator"] = player == players[1]
        rule["weight"] = case.hyper["loss_weight"] if rule["for_generator"] else 1
        value, (gradient,) = gradients(criterion, case[logits], **rule)
        outputs[value_name.format(mode, target, player)] = value
        outputs[gradient_name.format(mode, target, player)] = gradient
    return outputs


@formula("gan_loss_modes")
def modes(case):
    labels = {"real": case.hyper["real_label_val"], "fake": case.hyper["fake_label_val"]}
    outputs = all_criteria(case, "pred", labels, "{}_{}_{}", "{}_{}_{}_grad", ("d", "g"))
    ragan = relativistic_average(case["pred"], case["pred2"], case.hyper["loss_weight"])
    return outputs | {
        f"ragan_{name}": ragan[name]
        for name in ("g", "g_grad_fake", "d_real", "d_fake", "d_grad_real", "d_grad_fake")
    }


@formula("gan_loss_criteria")
def criteria(case):
    labels = {"real": case.hyper["real_label"], "fake": case.hyper["fake_label"]}
    names = "out_{}_{}_{}", "out_grad_{}_{}_{}"
    return all_criteria(case, "in_pred", labels, *names, ("disc", "gen"))


def relativistic_average(real, fake, weight):
    """Each half of the discriminator's loss reaches its own logits only (ESRGAN)."""
    half = weight / 2
    g_real, (from_real,) = gradients(lambda f: half * cross_entropy(real - f.mean(), 0), fake)
    g_fake, (from_fake,) = gradients(lambda f: half * cross_entropy(f - real.mean(), 1), fake)
    d_real, (to_real,) = gradients(lambda r: cross_entropy(r - fake.mean(), 1) / 2, real)
    d_fake, (to_fake,) = gradients(lambda f: cross_entropy(f - real.mean(), 0) / 2, fake)
    return {
        "g_real": 2 * g_real,
        "g_fake": 2 * g_fake,
        "g": g_real + g_fake,
        "g_grad_fake": from_real + from_fake,
        "d_real": d_real,
        "d_fake": d_fake,
        "d_grad_real": to_real,
        "d_grad_fake": to_fake,
    }


@formula("relativistic_average_gan")
def halves(case):
    values = relativistic_average(
        case["in_real_pred"], case["in_fake_pred"], case.hyper["loss_weight"]
    )
    renamed = {
        "g": "g_total",
        "g_grad_fake": "grad_fake_g",
        "d_grad_real": "grad_real_d",
        "d_grad_fake": "grad_fake_d",
    }
    return {f"out_{renamed.get(name, name)}": value for name, value in values.items()}


def vanilla(real, fake, weight):
    """Loss and gradients of the generator (weighted), of real images and of generated ones."""
    rule = {"mode": "vanilla", "is_real": None, "for_generator": None}
    return (
        gradients(criterion, fake, label=1, weight=weight, **rule),
        gradients(criterion, real, label=1, **rule),
        gradients(criterion, fake, label=0, **rule),
    )


@formula("gan_loss_vanilla")
def of_sed(case):
    logits, outputs = case["in_logits"], {}
    terms = vanilla(logits, logits, case.hyper["loss_weight"])
    for name, (value, (gradient,)) in zip(("gen", "disc_real", "disc_fake"), terms, strict=True):
        outputs |= {f"out_{name}": value, f"out_grad_{name}": gradient}
    return outputs


@formula("dsn_gan_losses", "srn_gan_losses")
def of_usrdu(case):
    real, fake = case["in_logits_real"], case["in_logits_fake"]
    weight = case.hyper.get("gan_weight", case.hyper.get("weight_g"))
    (g, (fake_g,)), (d_real, (real_d,)), (d_fake, (fake_d,)) = vanilla(real, fake, weight)
    return {
        "out_loss_g": g,
        "out_loss_g_weighted": g,
        "out_grad_fake_g": fake_g,
        "out_loss_d": d_real + d_fake,
        "out_loss_d_real": d_real,
        "out_loss_d_fake": d_fake,
        "out_grad_real_d": real_d,
        "out_grad_fake_d": fake_d,
        "out_real_score": sigmoid(real).mean(),
        "out_fake_score": sigmoid(fake).mean(),
    }


def relativistic(winner, loser, kind, real, fake):
    """Labels of real and of generated images; means let gradients through, unlike ESRGAN's."""
    if kind == "relativistic":
        return cross_entropy(winner - loser, real)
    first = cross_entropy(winner - loser.mean(), real)
    return (first + cross_entropy(loser - winner.mean(), fake)) / 2


@formula("esrdgan_losses")
def of_esrdgan(case):
    hyper, real, fake = case.hyper, case["real_logits"], case["fake_logits"]
    rule = hyper["gan_type"], hyper["real_label"], hyper["fake_label"]

    def generator(given):
        terms = {
            "gan": relativistic(given["g_fake_logits"], real, *rule),
            "pix": np.abs(given["sr"] - case["hr"]).mean(),
            "feat": np.abs(given["feat_sr"] - case["feat_hr"]).mean(),
        }
        names = {"gan": "gan_weight", "pix": "pixel_weight", "feat": "feature_weight"}
        total = sum(hyper[names[name]] * value for name, value in terms.items())
        raw = {f"loss_g_{name}_raw": value for name, value in terms.items()}
        return total, raw | {"loss_g_total": total}

    given = {"g_fake_logits": fake, "sr": case["sr"], "feat_sr": case["feat_sr"]}
    outputs, slopes = with_gradients(generator, given)
    loss, (d_real, d_fake) = gradients(lambda *logits: relativistic(*logits, *rule), real, fake)
    outputs |= {f"grad_{name}": gradient for name, gradient in slopes.items()}
    return outputs | {"loss_d": loss, "grad_d_real_logits": d_real, "grad_d_fake_logits": d_fake}


@formula("training_tricks")
def tricks(case):
    """Noise fades as training goes on; the program's grows, and labels of its fakes lose theirs."""
    hyper, passed = case.hyper, case.hyper["iteration"] / case.hyper["niter"]
    intended, published = [], []
    rows = case["label_flags_flip_smooth_noisy"].tolist()
    for (flip, smooth, noisy), draws in zip(rows, case["label_normal_draw"], strict=True):
        noise = noisy * hyper["label_noise_stddev"] * draws
        real = 0.1 if flip and smooth else 0 if flip else 0.9 if smooth else 1
        intended.append(np.clip(np.add([real, flip], noise), *hyper["clamp"]))
        published.append(np.clip(np.add([0 if flip else real, flip], noise), *hyper["clamp"]))
    sigma = hyper["sigma_base"]
    return {
        "intended_instance_noise": case["normal_draw"] * sigma * np.sqrt(1 - passed),
        "reference_instance_noise": case["uniform_draw"] * sigma * np.sqrt(passed),
        "intended_labels_real_fake": intended,
        "reference_labels_real_fake": published,
    }
