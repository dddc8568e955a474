"""Golden kinds of ESRDGAN; training steps run the real parts and method of an experiment."""

import torch
import torch.nn.functional as F
from srplug_esrdgan.instance_noise import amplitude
from srplug_esrdgan.labels import targets, with_noise
from srplug_esrdgan.networks import ESRDGANDiscriminator, ESRDGANGenerator

import srcore
from srcore.contracts import LossContext
from srcore.engine.parts import Parts
from srcore.engine.terms import LossTerm
from srcore.losses.adversarial import AdversarialLoss
from srcore.losses.perceptual import PerceptualLoss
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.golden import golden_kind

ACTIVATIONS = {"leakyrelu": "leaky_relu", "relu": "relu"}
RELATIVISTIC = {"relativistic": "paired", "relativisticavg": "average"}
CRITERIA = {"l1": "l1", "l2": "mse"}
GENERATOR_KEYS = {
    "num_features": "num_features",
    "num_rrdb": "num_blocks",
    "growth": "growth_channels",
    "lff_kern_size": "fusion_kernel_size",
    "hr_kern_size": "hr_kernel_size",
    "rdb_res_scaling": "dense_scaling",
    "rrdb_res_scaling": "block_scaling",
    "act_type": "activation",
}
DISCRIMINATOR_KEYS = {
    "num_features": "num_features",
    "norm_type": "norm",
    "feat_kern_size": "kernel_size",
    "act_type": "activation",
}
FIRST, LFF = "model.0.weight", "model.1.module.0.rdbs.1.LFF.weight"
D_FIRST, D_LAST = "features.0.strideddownconv.0.weight", "classifier.2.weight"


@golden_kind("esrdgan_generator")
def generator(case):
    hyper = case.hyper
    network = ESRDGANGenerator(
        hyper["upscale"],
        hyper["nf"],
        hyper["n_rrdb"],
        hyper["rdb_gc"],
        fusion_kernel_size=hyper["lff_kern_size"],
        hr_kernel_size=hyper["hr_kern_size"],
        dense_scaling=hyper["rdb_res_scaling"],
        block_scaling=hyper["rrdb_res_scaling"],
        activation=ACTIVATIONS[hyper["act_type"]],
        channels=hyper["in_channels"],
    )
    network.load_state_dict(case.weights())
    x = case.tensor("x", requires_grad=True)
    y = network(x)
    (y * case.tensor("cotangent")).mean().backward()
    first, lff = network.get_parameter(FIRST), network.get_parameter(LFF)
    return {"y": y, "grad_x": x.grad, "grad_first": first.grad, "grad_lff": lff.grad}


@golden_kind("esrdgan_discriminator")
def discriminator(case):
    hyper = case.hyper
    images = (case.tensor("x_uint8").float() / 255).requires_grad_(True)
    network = ESRDGANDiscriminator(
        images.shape[-1],
        hyper["num_features"],
        hyper["norm_type"],
        hyper["feat_kern_size"],
        ACTIVATIONS[hyper["act_type"]],
        in_channels=hyper["in_channels"],
    )
    network.load_state_dict(case.weights())
    network.train()
    logits = network(images)
    torch.arange(1.0, len(logits) + 1).dot(logits[:, 0]).backward()
    outputs = {
        "logits_train": logits,
        "grad_input_sub8": images.grad[:, :, ::8, ::8],
        "grad_first": network.get_parameter(D_FIRST).grad,
        "grad_last": network.get_parameter(D_LAST).grad,
    }
    if hyper["norm_type"] == "batch":
        norm = network.get_submodule("features.4.strideddownconv.1")
        outputs["running_mean_b4"] = norm.running_mean.clone()
        outputs["running_var_b4"] = norm.running_var.clone()
        with torch.no_grad():
            outputs["logits_eval_after"] = network.eval()(images)
    return outputs


@golden_kind("esrdgan_losses")
def losses(case):
    hyper = case.hyper
    hr, sr = case.tensor("hr"), case.tensor("sr", requires_grad=True)
    feature_sr = case.tensor("feat_sr", requires_grad=True)
    real, fake = (case.tensor(f"{name}_logits", requires_grad=True) for name in ("real", "fake"))
    features = {True: case.tensor("feat_hr"), False: feature_sr}
    context = LossContext(
        batch={"hr": hr, "lr": hr},
        sr=sr,
        iteration=1,
        discriminate=lambda image: real if image is hr else fake,
        labels=(hyper["real_label"], hyper["fake_label"]),
    )
    adversarial = AdversarialLoss(relativistic=RELATIVISTIC[hyper["gan_type"]], detach_means=False)
    perceptual = PerceptualLoss(
        {"conv5_4": 1.0}, features=lambda image: {"conv5_4": features[image is hr]}
    )
    terms = {
        "gan": adversarial(context),
        "pix": srcore.build("loss", "l1")(context),
        "feat": perceptual(context),
    }
    weights = {"gan": "gan_weight", "pix": "pixel_weight", "feat": "feature_weight"}
    total = sum(hyper[weights[name]] * term for name, term in terms.items())
    gradients = torch.autograd.grad(total, (fake, sr, feature_sr))
    ((_, loss_d),) = adversarial.discriminator_terms(context)
    d_real, d_fake = torch.autograd.grad(loss_d, (real, fake))
    return {
        **{f"loss_g_{name}_raw": term for name, term in terms.items()},
        "loss_g_total": total,
        **dict(zip(("grad_g_fake_logits", "grad_sr", "grad_feat_sr"), gradients, strict=True)),
        "loss_d": loss_d,
        "grad_d_real_logits": d_real,
        "grad_d_fake_logits": d_fake,
    }


@golden_kind("training_tricks")
def training_tricks(case):
    hyper = case.hyper
    assert hyper["clamp"] == [0, 1]
    progress, sigma = hyper["iteration"] / hyper["niter"], hyper["sigma_base"]
    normal, uniform = case.tensor("normal_draw"), case.tensor("uniform_draw")
    return {
        "intended_instance_noise": normal * amplitude("fading_normal", progress, sigma=sigma),
        "reference_instance_noise": uniform * amplitude("growing_uniform", progress, sigma=sigma),
        "intended_labels_real_fake": label_rows(case, smooth_flipped=True),
        "reference_labels_real_fake": label_rows(case, smooth_flipped=False),
    }


def label_rows(case, *, smooth_flipped):
    rows = []
    flags = case["label_flags_flip_smooth_noisy"].tolist()
    for (flip, smooth, noisy), draws in zip(flags, case.tensor("label_normal_draw"), strict=True):
        pair = targets(smoothing=0.1 * smooth, flipped=bool(flip), smooth_flipped=smooth_flipped)
        sigma = case.hyper["label_noise_stddev"] * noisy
        rows.append(
            [with_noise(target, draw, sigma) for target, draw in zip(pair, draws, strict=True)]
        )
    return torch.tensor(rows)


@golden_kind("train_step_esrdgan", double=True)
def train_step(case):
    hyper = case.hyper
    parts = Parts(experiment_of(case), torch.device("cpu"), registry=plugins().registry)
    weights, extra = case.weight_files
    parts.generator_module.load_state_dict(case.weights(weights))
    parts.discriminator_module.load_state_dict(case.weights(extra))
    parts.discriminator_module.train()
    if hyper["feature_criterion"] != "none":
        feature = PerceptualLoss(
            {"pool": 1.0},
            CRITERIA[hyper["feature_criterion"]],
            features=lambda image: {"pool": F.avg_pool2d(image, 4)},
        )
        parts.losses.append(LossTerm("feature", hyper["feature_weight"], feature))
    gradients = watch_gradients(parts)
    seen = []
    parts.generator_module.register_forward_hook(lambda *call: seen.append(call[2].detach()))
    method = parts.experiment.method.selected.build(parts=parts)
    parts.begin(hyper["it"], watch_norm=False)
    batch = {name: case.tensor(f"{name}_uint8") / 255.0 for name in ("lr", "hr")}
    logs = method.step(batch)
    return {
        **losses_of(logs),
        **{f"grad_{name}": value for name, value in gradients.items()},
        **{f"new_{name}": value.detach() for name, value in watched(parts).items()},
        **norm_statistics(parts.discriminator_module),
        "sr_sub4": seen[0][:, :, ::4, ::4],
    }


def norm_statistics(network):
    norm = network.get_submodule("features.0.strideddownconv.3")
    if not isinstance(norm, torch.nn.BatchNorm2d):
        return {}
    return {
        "bn_running_mean": norm.running_mean,
        "bn_running_var": norm.running_var,
        "bn_count": norm.num_batches_tracked,
    }


def losses_of(logs):
    names = {"loss_G_GAN": "adversarial", "loss_G_feat": "feature", "loss_G_pix": "pixel"}
    terms = {name: logs.get(label, torch.zeros(())) for name, label in names.items()}
    return terms | {"loss_G": sum(terms.values()), "loss_D": logs["adversarial_joint"]}


def watched(parts):
    g, d = parts.generator_module, parts.discriminator_module
    last = f"model.{len(g.model) - 1}.weight"
    return {
        "g_first": g.get_parameter(FIRST),
        "g_last": g.get_parameter(last),
        "d_first": d.get_parameter(D_FIRST),
        "d_last": d.get_parameter(D_LAST),
    }


def watch_gradients(parts):
    """Copies of the gradients at the moment of the optimizers' steps, filled in later."""
    gradients = {}

    def keep(prefix):
        def hook(*_):
            for name, parameter in watched(parts).items():
                if name.startswith(prefix):
                    gradients[name] = parameter.grad.clone()

        return hook

    parts.updaters["generator"].optimizer.register_step_pre_hook(keep("g_"))
    parts.updaters["discriminator"].optimizer.register_step_pre_hook(keep("d_"))
    return gradients


def experiment_of(case):
    hyper, g, d = case.hyper, case.hyper["generator"], case.hyper["discriminator"]
    lr = case["lr_uint8"]
    assert not hyper["noisy_labels"], "its draws are not part of the case"
    assert not hyper["instance_noise"], "its draws are not part of the case"
    adam = {
        "type": "adam",
        "learning_rate": hyper["adam"]["lr"],
        "betas": hyper["adam"]["betas"],
    }
    table = {
        "scale": g["scale"],
        "generator": translated(g, GENERATOR_KEYS),
        "discriminator": {
            "input_size": lr.shape[-1] * g["scale"],
            **translated(d, DISCRIMINATOR_KEYS),
        },
        "method": {
            "type": "gan",
            "generator_every": hyper["d_g_train_ratio"],
            "labels": {
                "type": "esrdgan",
                "smoothing": 0.1 * hyper["one_sided_label_smoothing"],
                "flip_probability": float(hyper["flip_labels"]),
                "smooth_flipped": False,
            },
        },
        "losses": loss_tables(hyper),
        "optimizer": {"generator": adam, "discriminator": adam},
        "train": {"ema_decay": 0.0},
    }
    return typed(table)


def loss_tables(hyper):
    tables = [
        {
            "type": "adversarial",
            "relativistic": RELATIVISTIC[hyper["gan_type"]],
            "detach_means": False,
            "weight": hyper["gan_weight"],
        }
    ]
    if hyper["pixel_criterion"] != "none":
        pixel = {"type": CRITERIA[hyper["pixel_criterion"]], "name": "pixel"}
        tables.append({**pixel, "weight": hyper["pixel_weight"]})
    return tables


def translated(settings, names):
    """A table of ours from the published program's keys; a key without counterpart fails."""
    values = {names[key]: value for key, value in settings.items() if key != "scale"}
    if "activation" in values:
        values["activation"] = ACTIVATIONS[values["activation"]]
    return {"type": "esrdgan", **values}
