"""Golden cases of loss terms, values and gradients."""

import torch
import torch.nn.functional as F

from srcore.contracts import LossContext
from srcore.losses.adversarial import AdversarialLoss, adversarial_criterion
from srcore.losses.penalties import gradient_penalty, interpolate_images, r1_penalty
from srcore.losses.perceptual import perceptual_distance, style_distance
from srcore.losses.pixel import charbonnier_loss, l1_loss, mse_loss
from srcore.testing.golden import golden_kind

MODES = ("vanilla", "lsgan", "wgan", "wgan_softplus", "hinge")


def gradient(value, tensor):
    return torch.autograd.grad(value, tensor)[0]


@golden_kind("pixel_losses")
def pixel_losses(case):
    scale = case.hyper["loss_weight"]
    target = case.tensor("target")
    weights = {"": None, "_w1": case.tensor("weight1"), "_w3": case.tensor("weight3")}
    functions = {
        "l1": l1_loss,
        "mse": mse_loss,
        "charbonnier": lambda *images, **settings: charbonnier_loss(
            *images, eps=case.hyper["charbonnier_eps"], **settings
        ),
    }
    outputs = {}
    for name, function in functions.items():
        for reduction, suffix in (("mean", ""), ("sum", "_sum")):
            for which, weight in weights.items():
                prediction = case.tensor("pred", requires_grad=True)
                value = scale * function(prediction, target, weight=weight, reduction=reduction)
                outputs[f"{name}{suffix}{which}"] = value
                outputs[f"{name}{suffix}{which}_grad"] = gradient(value, prediction)
    return outputs


def feature_losses(case, sr, gt, names):
    """Perceptual and style losses of the feature maps with prefixes ``sr`` and ``gt``."""
    hyper = case.hyper
    layers = hyper["layer_weights"]
    perceptual_name, style_name, gradient_name = names
    outputs = {}
    for criterion in ("l1", "fro"):
        features = {layer: case.tensor(sr + layer, requires_grad=True) for layer in layers}
        targets = {layer: case.tensor(gt + layer) for layer in layers}
        perceptual = hyper["perceptual_weight"] * perceptual_distance(
            features, targets, layers, criterion
        )
        style = hyper["style_weight"] * style_distance(features, targets, layers, criterion)
        outputs[perceptual_name.format(criterion)] = perceptual
        outputs[style_name.format(criterion)] = style
        gradients = torch.autograd.grad(perceptual + style, list(features.values()))
        for layer, value in zip(features, gradients, strict=True):
            outputs[gradient_name.format(criterion, layer=layer)] = value
    return outputs


@golden_kind("perceptual_style_losses")
def perceptual_style_losses(case):
    return feature_losses(case, "sr_", "gt_", ("perceptual_{}", "style_{}", "grad_{}_{layer}"))


@golden_kind("perceptual_combination")
def perceptual_combination(case):
    return feature_losses(
        case, "in_sr_", "in_gt_", ("out_percep_{}", "out_style_{}", "out_grad_{layer}_{}")
    )


def criteria(logits, labels, weight, names):
    """Every mode for both targets and both networks, with gradients."""
    value_name, gradient_name, discriminator, generator = names
    outputs = {}
    for mode in MODES:
        for is_real, target in ((True, "real"), (False, "fake")):
            for player, scale in ((discriminator, 1.0), (generator, weight)):
                logits = logits.detach().requires_grad_()
                value = scale * adversarial_criterion(
                    logits,
                    mode,
                    is_real=is_real,
                    label=labels[target],
                    for_generator=player == generator,
                )
                settings = {"mode": mode, "target": target, "player": player}
                outputs[value_name.format(**settings)] = value
                outputs[gradient_name.format(**settings)] = gradient(value, logits)
    return outputs


class Players:
    """The adversarial loss on given logits: images of ones are real, of zeros generated."""

    def __init__(self, real, fake, labels=(1.0, 0.0)):
        self.real = real.detach().requires_grad_()
        self.fake = fake.detach().requires_grad_()
        self.order = []
        self.context = LossContext(
            batch={"hr": torch.ones(1)},
            sr=torch.zeros(1),
            iteration=1,
            discriminate=self.discriminate,
            labels=labels,
        )

    def discriminate(self, images):
        is_real = bool(images.all())
        self.order.append("real" if is_real else "fake")
        return self.real if is_real else self.fake

    def generator(self, loss):
        value = loss(self.context)
        return value, gradient(value, self.fake)

    def discriminator(self, loss):
        """Terms by name, and both gradients of their sum."""
        self.real.grad = self.fake.grad = None
        terms = {}
        for name, term in loss.discriminator_terms(self.context):
            term.backward()
            terms[name] = term.detach()
        return terms, self.real.grad, self.fake.grad


@golden_kind("gan_loss_modes")
def gan_loss_modes(case):
    hyper = case.hyper
    labels = {"real": hyper["real_label_val"], "fake": hyper["fake_label_val"]}
    outputs = criteria(
        case.tensor("pred"),
        labels,
        hyper["loss_weight"],
        ("{mode}_{target}_{player}", "{mode}_{target}_{player}_grad", "d", "g"),
    )
    players = Players(case.tensor("pred"), case.tensor("pred2"), tuple(labels.values()))
    loss = AdversarialLoss(relativistic="average")
    value, fake_gradient = players.generator(loss)
    terms, grad_real, grad_fake = players.discriminator(loss)
    return outputs | {
        "ragan_g": hyper["loss_weight"] * value,
        "ragan_g_grad_fake": hyper["loss_weight"] * fake_gradient,
        "ragan_d_real": terms["real"],
        "ragan_d_fake": terms["fake"],
        "ragan_d_grad_real": grad_real,
        "ragan_d_grad_fake": grad_fake,
    }


@golden_kind("gan_loss_criteria")
def gan_loss_criteria(case):
    hyper = case.hyper
    return criteria(
        case.tensor("in_pred"),
        {"real": hyper["real_label"], "fake": hyper["fake_label"]},
        hyper["loss_weight"],
        ("out_{mode}_{target}_{player}", "out_grad_{mode}_{target}_{player}", "disc", "gen"),
    )


@golden_kind("gan_loss_vanilla")
def gan_loss_vanilla(case):
    loss = AdversarialLoss(case.hyper["gan_type"])
    weight = case.hyper["loss_weight"]
    players = Players(case.tensor("in_logits"), case.tensor("in_logits"))
    value, generator_gradient = players.generator(loss)
    terms, grad_real, grad_fake = players.discriminator(loss)
    return {
        "out_gen": weight * value,
        "out_grad_gen": weight * generator_gradient,
        "out_disc_real": terms["real"],
        "out_grad_disc_real": grad_real,
        "out_disc_fake": terms["fake"],
        "out_grad_disc_fake": grad_fake,
    }


@golden_kind("relativistic_average_gan")
def relativistic_average_gan(case):
    mode, weight = case.hyper["gan_type"], case.hyper["loss_weight"]
    real, fake = case.tensor("in_real_pred"), case.tensor("in_fake_pred")
    players = Players(real, fake)
    loss = AdversarialLoss(mode, relativistic="average")
    value, generator_gradient = players.generator(loss)
    terms, grad_real, grad_fake = players.discriminator(loss)
    halves = {
        "real": adversarial_criterion(real - fake.mean(), mode, is_real=False, label=0.0),
        "fake": adversarial_criterion(fake - real.mean(), mode, is_real=True, label=1.0),
    }
    return {
        "out_g_real": weight * halves["real"],
        "out_g_fake": weight * halves["fake"],
        "out_g_total": weight * value,
        "out_grad_fake_g": weight * generator_gradient,
        "out_d_real": terms["real"],
        "out_d_fake": terms["fake"],
        "out_grad_real_d": grad_real,
        "out_grad_fake_d": grad_fake,
    }


@golden_kind("dsn_gan_losses")
def dsn_gan_losses(case):
    players = Players(case.tensor("in_logits_real"), case.tensor("in_logits_fake"))
    loss = AdversarialLoss(discriminator_order="fake_first")
    weight = case.hyper["gan_weight"]
    value, generator_gradient = players.generator(loss)
    terms, grad_real, grad_fake = players.discriminator(loss)
    return {
        "out_loss_d": sum(terms.values()),
        "out_grad_real_d": grad_real,
        "out_grad_fake_d": grad_fake,
        "out_fake_score": players.fake.sigmoid().mean(),
        "out_real_score": players.real.sigmoid().mean(),
        "out_loss_g": weight * value,
        "out_grad_fake_g": weight * generator_gradient,
    }


@golden_kind("srn_gan_losses")
def srn_gan_losses(case):
    players = Players(case.tensor("in_logits_real"), case.tensor("in_logits_fake"))
    loss = AdversarialLoss(case.hyper["gan_type"])
    weight = case.hyper["weight_g"]
    value, generator_gradient = players.generator(loss)
    terms, grad_real, grad_fake = players.discriminator(loss)
    return {
        "out_loss_g_weighted": weight * value,
        "out_grad_fake_g": weight * generator_gradient,
        "out_loss_d_real": terms["real"],
        "out_loss_d_fake": terms["fake"],
        "out_grad_real_d": grad_real,
        "out_grad_fake_d": grad_fake,
    }


@golden_kind("gradient_penalties")
def gradient_penalties(case):
    kernels = [case.tensor("k1", requires_grad=True), case.tensor("k2", requires_grad=True)]

    def discriminate(images):
        hidden = F.softplus(F.conv2d(images, kernels[0], padding=1))
        return F.conv2d(hidden, kernels[1], padding=1).mean((1, 2, 3))

    real = case.tensor("real", requires_grad=True)
    between = interpolate_images(real, case.tensor("fake"), case.tensor("alpha"))
    r1 = r1_penalty(discriminate(real), real)
    grad_k1, grad_k2 = torch.autograd.grad(r1, kernels)
    penalties = {
        norm: gradient_penalty(discriminate(between), between, norm=norm)
        for norm in ("channel", "sample")
    }
    return {
        "r1": r1,
        "r1_grad_k1": grad_k1,
        "r1_grad_k2": grad_k2,
        "gp_as_published_channel_norm": penalties["channel"],
        "gp_per_sample": penalties["sample"],
    }
