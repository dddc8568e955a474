"""Golden kinds of USR-DU; training steps run the real parts and methods of an experiment."""

import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from srplug_usrdu.filters import gradient_map
from srplug_usrdu.generation import to_png_levels
from srplug_usrdu.kernels import correlate, doubled, finished_kernels
from srplug_usrdu.losses import feature_uncertainty_loss, kl_data_loss
from srplug_usrdu.networks import Downsampler
from srplug_usrdu.transforms import laplace_sample, unit_laplace
from srplug_usrdu.weights import load_dsn, published_sr_state

from srcore.api import load_generator
from srcore.engine.parts import Parts
from srcore.networks.vgg_features import VGGFeatures
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.golden import golden_kind
from srcore.transforms.resize import resize
from srcore.weights.dialects import convert_to_native


def downsampler(hyper):
    widths = hyper.get("per_var_widths", [8 * hyper["base_width"]])
    return Downsampler(
        hyper["scale"],
        hyper["base_width"],
        hyper["n_res_blocks"],
        feature_channels=widths[-1],
    )


@golden_kind("dsn_generator")
def dsn_generator(case):
    network = downsampler(case.hyper)
    network.load_state_dict(case.weights())
    hr = case.tensor("in_hr", requires_grad=True)
    distribution = network(hr, heads="all")
    total = sum((case.tensor(f"in_w{i}") * value).sum() for i, value in enumerate(distribution))
    total.backward()
    outputs = named(distribution) | {"out_grad_hr": hr.grad}
    for name in case.wants("out_grad_"):
        if name != "out_grad_hr":
            outputs[name] = network.get_parameter(name.removeprefix("out_grad_")).grad
    return outputs


def named(distribution):
    return {
        "out_mean": distribution.mean,
        "out_log_scale": distribution.log_scale,
        "out_feat_log_scale": distribution.feature_log_scale,
    }


@golden_kind("dsn_generator_full_width")
def dsn_generator_full_width(case):
    hyper = case.hyper
    network = downsampler(hyper)
    check_official_keys(case, "dsn_generator_x4", network.state_dict())
    network.load_state_dict(regenerated(network.state_dict(), hyper))
    with torch.no_grad():
        return named(network.eval()(case.tensor("in_hr"), heads="all"))


def check_official_keys(case, entry, state):
    if "official_keys.json" in case.entry["extra_files"]:
        listed = json.loads((case.folder / "official_keys.json").read_text())
        if entry in listed:
            assert {key: list(value.shape) for key, value in state.items()} == listed[entry]


def regenerated(state, hyper):
    """Weights by the rule in the notes of the manifest (convolutions and PReLU slopes)."""
    weights = {}
    for number, key in enumerate(sorted(state)):
        shape = tuple(state[key].shape)
        value = np.random.RandomState(hyper["base_seed"] + number).standard_normal(shape)
        if len(shape) == 4:
            value = value * hyper["gain"] * np.sqrt(2 / np.prod(shape[1:]))
        elif value.size == 1 and key.endswith("weight"):
            value = np.full(shape, 0.25)
        else:
            value = 0.02 * value
        weights[key] = torch.from_numpy(np.asarray(value)).float()
    return weights


@golden_kind("kl_data_loss")
def data_loss(case):
    hyper, size = case.hyper, case.hyper["kernel_size"]
    references = {
        "bic": resize(case.tensor("in_hr"), scale=1 / hyper["scale"]),
        "ker": case.tensor("in_ref_lr"),
    }
    outputs = {}
    for name, reference in references.items():
        mean = case.tensor("in_gen", requires_grad=True)
        log_scale = case.tensor("in_log_scale", requires_grad=True)
        loss = kl_data_loss(mean, reference, log_scale, size, hyper["range"])
        loss.backward()
        outputs |= {
            f"out_loss_{name}": loss,
            f"out_grad_gen_{name}": mean.grad,
            f"out_grad_log_scale_{name}": log_scale.grad,
        }
    mean = case.tensor("in_gen", requires_grad=True)
    loss = kl_data_loss(mean, references["bic"], None, size, hyper["range"])
    loss.backward()
    outputs |= {"out_loss_without_scale": loss, "out_grad_gen_without_scale": mean.grad}
    outputs["out_loss_plain_l1"] = plain_l1(case.tensor("in_gen"), references["bic"])
    return outputs


def plain_l1(mean, reference):
    from srcore.contracts import LossContext

    context = LossContext(batch={"lr_reference": reference}, sr=mean, iteration=1)
    registry = plugins().registry
    component = registry.get("loss", "l1")
    return component.build(component.options(target="lr_reference"))(context)


@golden_kind("feature_uncertainty_loss")
def feature_loss(case):
    slope, _ = case.hyper["affine"]  # the offset cancels
    features = case.tensor("in_feat_gen", requires_grad=True)
    log_scale = case.tensor("in_feat_log_scale", requires_grad=True)
    loss = feature_uncertainty_loss(
        features, case.tensor("in_feat_ref"), log_scale, slope, case.hyper["range"]
    )
    loss.backward()
    return {
        "out_loss": loss,
        "out_grad_feat_gen": features.grad,
        "out_grad_feat_log_scale": log_scale.grad,
    }


@golden_kind("laplace_sampling")
def laplace_sampling(case):
    noise = case.tensor("in_z")
    torch.testing.assert_close(unit_laplace(case.tensor("in_u")), noise, rtol=1e-3, atol=1e-4)
    sample = laplace_sample(
        case.tensor("in_lr"), case.tensor("in_log_scale"), noise, case.hyper["range"]
    )
    return {"out_sample": sample}


@golden_kind("lr_png_quantisation")
def lr_png_quantization(case):
    levels = [to_png_levels(image).transpose(2, 0, 1) for image in case.tensor("in_mean")]
    return {"out_rgb_uint8": levels[0] if len(levels) == 1 else np.stack(levels)}


@golden_kind("gradient_map")
def gradients(case):
    image = case.tensor("in_x", requires_grad=True)
    gradient = gradient_map(image)
    (case.tensor("in_w") * gradient).sum().backward()
    return {"out_gradient_map": gradient, "out_grad_x": image.grad}


@golden_kind("kernelgan_kernel")
def kernelgan_kernel(case):
    hyper = case.hyper
    kernels = finished_kernels(case["in_kernel_raw"].astype(np.float64), hyper["n_filtering"])
    image = torch.from_numpy(case["in_image_uint8"].astype(np.float64) / 255).permute(2, 0, 1)
    kernel = torch.from_numpy(doubled(kernels[2]))
    low = correlate(image, kernel, hyper["scale"])
    return {
        "out_kernel_x2": kernels[2],
        "out_kernel_x4": kernels[4],
        "out_lr_float": low.permute(1, 2, 0),
    }


@golden_kind("srn_network")
def srn_network(case):
    """The published file is loaded as a user would load it, sampled by the transform."""
    state = case.weights()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net_g.pth"
        torch.save({"params": state}, file)
        generator, sampler = (
            load_generator(file),
            built("laplace_sampling", file, case.hyper["scale"]),
        )
        assert set(published_sr_state(generator.state_dict(), load_dsn(file).state_dict())) == set(
            state
        )
    lq = case.tensor("in_lq", requires_grad=True)
    batch = {"lr": lq.detach(), "hr": case.tensor("in_gt")}
    sampler.draw = lambda like, generator: case.tensor("in_z")
    noise = sampler(batch, torch.Generator())["lr"] - batch["lr"]
    sr = generator(lq + noise)
    (case.tensor("in_w") * sr).sum().backward()
    outputs = {
        "out_sr_plain": generator(lq.detach()),
        "out_log_scale": sampler.dsn(batch["hr"], heads="scale").log_scale,
        "out_sr_sampled": sr,
        "out_grad_lq": lq.grad,
    }
    gradients = published_gradients(dict(generator.named_parameters()))
    for name in case.wants("out_grad_RRDBNet"):
        outputs[name] = gradients[name.removeprefix("out_grad_")]
    return outputs


def built(name, weights, scale):
    component = plugins().registry.get("transform", name)
    return component.build(component.options(weights=weights), scale=scale)


def published_gradients(parameters):
    return published_sr_state({name: value.grad for name, value in parameters.items()}, {})


def train_once(table, batch, vgg, loss_label, change=lambda parts: None):
    """One iteration of an experiment; what happened on the way."""
    experiment = typed(table)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="VGG19 with random weights")
        parts = Parts(experiment, torch.device("cpu"), registry=plugins().registry)
    for term in parts.losses:
        if term.label == loss_label:
            term.loss.features = vgg
    change(parts)
    method = experiment.method.selected.build(parts=parts)
    seen = {"logits": [], "sr": [], "gradients": {}}
    parts.discriminator_module.register_forward_hook(
        lambda module, arguments, logits: seen["logits"].append(logits.detach())
    )
    parts.generator_module.register_forward_hook(
        lambda module, arguments, output: seen["sr"].append(output)
    )
    for name, updater in parts.updaters.items():
        network = parts.networks[name]
        updater.optimizer.register_step_pre_hook(
            lambda *_, name=name, network=network: seen["gradients"].update(
                {name: {key: p.grad.clone() for key, p in network.named_parameters()}}
            )
        )
    parts.begin(1, watch_norm=False)
    seen["logs"] = method.step(parts.transform(batch))
    return seen


def toy_vgg(case, folder):
    """The case's small VGG19 under the names of torchvision."""
    state = part(case, "vgg.")
    save_file(state, Path(folder) / "vgg.safetensors")
    widths = case.hyper["toy_vgg_widths"]
    return VGGFeatures(["conv5_4"], Path(folder) / "vgg.safetensors", widths=widths)


def part(case, prefix):
    weights = case.weights()
    return {
        key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)
    }


def save_part(case, prefix, file):
    torch.save(part(case, prefix), file)
    return str(file)


def norm(gradients):
    return torch.stack([value.norm() for value in gradients.values()]).norm()


def adam(hyper):
    return {"type": "adam", "learning_rate": hyper["lr"], "betas": hyper["adam_betas"]}


@golden_kind("dsn_training_step", double=True)
def dsn_training_step(case):
    hr, lr = case.tensor("in_hr"), case.tensor("in_target_lr")
    with tempfile.TemporaryDirectory() as folder:
        table = dsn_experiment(case, Path(folder), scale=hr.shape[-1] // lr.shape[-1])
        seen = train_once(table, {"hr": hr, "lr": lr}, toy_vgg(case, folder), "feature")
    logs, (fake, real, _) = seen["logs"], seen["logits"]
    outputs = {
        "out_mean": seen["sr"][0].mean,
        "out_loss_d": logs["gan_fake"] + logs["gan_real"],
        "out_fake_score": fake.sigmoid().mean(),
        "out_real_score": real.sigmoid().mean(),
        "out_loss_gan_weighted": logs["gan"],
        "out_loss_data_weighted": logs["data"],
        "out_loss_feature_weighted": logs["feature"],
        "out_loss_total": logs["gan"] + logs["data"] + logs["feature"],
    }
    return outputs | step_gradients(
        case, seen["gradients"]["generator"], seen["gradients"]["discriminator"]
    )


def dsn_experiment(case, folder, scale):
    hyper = case.hyper
    size = {"kernel_size": hyper["kernel_size"]}
    return {
        "name": "step",
        "scale": scale,
        "generator": {
            "type": "usrdu_dsn",
            "num_features": hyper["dsn_base_width"],
            "num_blocks": hyper["n_res_blocks"],
            "feature_channels": hyper["toy_vgg_widths"][-1],
            "weights": save_part(case, "gen.", folder / "gen.pth"),
        },
        "discriminator": {
            "type": "unet",
            "num_features": hyper["num_feat_d"],
            "weights": save_part(case, "dis.", folder / "dis.pth"),
            "inputs": [{"type": "high_pass"} | size],
        },
        "method": {"type": "usrdu_dsn"},
        "losses": [
            {
                "type": "adversarial",
                "name": "gan",
                "real": "lr",
                "discriminator_order": "fake_first",
                "weight": float(hyper["gan_weight"]),
            },
            {"type": "usrdu_data", "name": "data", "weight": float(hyper["data_weight"])} | size,
            {
                "type": "usrdu_feature",
                "name": "feature",
                "weight": float(hyper["feature_weight"]),
                "weights": "random",
            },
        ],
        "optimizer": {"generator": adam(hyper), "discriminator": adam(hyper)},
        "data": {
            "train": {
                "type": "unpaired_folders",
                "hr": str(folder),
                "lr": str(folder),
                "transforms": [{"type": "usrdu_reference"}],
            }
        },
        "train": {"ema_decay": 0.0},
    }


def step_gradients(case, generator, discriminator):
    outputs = {"out_grad_norm_g": norm(generator), "out_grad_norm_d": norm(discriminator)}
    for prefix, of_network in (("out_grad_g_", generator), ("out_grad_d_", discriminator)):
        for name in case.wants(prefix):
            outputs[name] = of_network[name.removeprefix(prefix)]
    return outputs


@golden_kind("srn_training_step", double=True)
def srn_training_step(case):
    batch = {"lr": case.tensor("in_lq"), "hr": case.tensor("in_gt")}

    def given_noise(parts):
        parts.transforms[0].draw = lambda like, generator: case.tensor("in_z")

    with tempfile.TemporaryDirectory() as folder:
        scale = batch["hr"].shape[-1] // batch["lr"].shape[-1]
        table = srn_experiment(case, Path(folder), scale)
        seen = train_once(table, batch, toy_vgg(case, folder), "percep", given_noise)
    logs, (_, real, fake) = seen["logs"], seen["logits"]
    outputs = {
        "out_output": seen["sr"][0],
        "out_l_g_pix": logs["pix"],
        "out_l_l_loss": logs["low"],
        "out_l_g_percep": logs["percep"],
        "out_l_g_gan": logs["gan"],
        "out_l_d_real": logs["gan_real"],
        "out_l_d_fake": logs["gan_fake"],
        "out_out_d_real": real.mean(),
        "out_out_d_fake": fake.mean(),
    }
    generator = published_sr_state(seen["gradients"]["generator"], {})
    outputs |= step_gradients(case, generator, seen["gradients"]["discriminator"])
    # the manifest: of this gradient the first four output channels only
    partial = "out_grad_d_conv3.weight_orig"
    if partial in outputs:
        outputs[partial] = outputs[partial][: len(case[partial])]
    return outputs


def srn_experiment(case, folder, scale):
    hyper = case.hyper
    published = folder / "net_g.pth"
    save_part(case, "net_g.", published)
    sizes = convert_to_native(
        torch.load(published, weights_only=True), registry=plugins().registry
    ).options
    assert [sizes["num_features"], sizes["num_blocks"]] == [hyper["nf"], hyper["nb"]]
    return {
        "name": "step",
        "scale": scale,
        "generator": {
            "type": "rrdbnet",
            "num_features": hyper["nf"],
            "num_blocks": hyper["nb"],
            "growth_channels": hyper["gc"],
            "weights": str(published),
        },
        "discriminator": {
            "type": "unet",
            "num_features": hyper["num_feat_d"],
            "weights": save_part(case, "net_d.", folder / "net_d.pth"),
            "inputs": [{"type": "gradient_map"}],
        },
        "method": {"type": "gan"},
        "losses": [
            {"type": "l1", "name": "pix", "weight": float(hyper["pixel_weight"])},
            {
                "type": "gaussian_l1",
                "name": "low",
                "kernel_size": hyper["low_frequency_kernel"],
                "weight": float(hyper["low_frequency_weight"]),
            },
            {
                "type": "perceptual",
                "name": "percep",
                "weights": "random",
                "weight": float(hyper["perceptual_weight"]),
            },
            {"type": "adversarial", "name": "gan", "weight": float(hyper["gan_weight"])},
        ],
        "optimizer": {"generator": adam(hyper), "discriminator": adam(hyper)},
        "data": {
            "train": {
                "type": "unpaired_folders",
                "hr": str(folder),
                "lr": str(folder),
                "transforms": [{"type": "laplace_sampling", "weights": str(published)}],
            }
        },
        "train": {"ema_decay": 0.0},
    }
