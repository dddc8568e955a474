"""Golden kinds of LDL; training steps run the real parts and method of an experiment."""

import tempfile
import warnings
from pathlib import Path

import torch
from safetensors.torch import save_file
from srplug_ldl.losses import LDLLoss, artifact_map, image_weight, residual
from srplug_ldl.variance import local_variance

from srcore.contracts import LossContext
from srcore.engine.parts import Parts
from srcore.networks.vgg_features import VGGFeatures
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.golden import golden_kind


@golden_kind("artifact_map")
def artifact_maps(case):
    hyper, settings = case.hyper, map_settings(case.hyper)
    gt, ema = case.tensor("in_gt"), case.tensor("in_ema")
    errors, ema_errors = residual(case.tensor("in_sr"), gt), residual(ema, gt)
    maps = artifact_map(errors, ema_errors, **settings)
    outputs = {
        "out_residual_sr": errors,
        "out_residual_ema": ema_errors,
        "out_patch_weight": image_weight(errors, settings["exponent"]),
        "out_local_variance": local_variance(errors, settings["window_size"]),
        "out_keep_mask": (errors >= ema_errors).long(),
        "out_map": maps,
    }
    for detach_map, name in ((True, "out_grad_sr_map_detached"), (False, "out_grad_sr")):
        sr = case.tensor("in_sr", requires_grad=True)
        context = LossContext(batch={"hr": gt}, sr=sr, iteration=1, ema_sr=ema)
        loss = hyper["loss_weight"] * LDLLoss(detach_map=detach_map, **settings)(context)
        loss.backward()
        outputs |= {"out_loss": loss, name: sr.grad}
    return outputs


def map_settings(hyper):
    return {"window_size": hyper["ksize"], "exponent": hyper.get("stabilizer_exponent", 0.2)}


@golden_kind("train_step_esrgan", double=True)
def train_step_esrgan(case):
    return train_steps(case, relativistic="average")


@golden_kind("train_step_realesrgan", double=True)
def train_step_realesrgan(case):
    return train_steps(case, relativistic="none")


def train_steps(case, relativistic):
    """Three iterations by the core's parts and ``gan`` method, as an experiment sets them up."""
    hyper = case.hyper
    assert hyper["gan"] == ("relativistic average " * (relativistic == "average")) + "vanilla"
    with tempfile.TemporaryDirectory() as folder:
        table = experiment_table(case, Path(folder), relativistic)
        experiment = typed(table)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="VGG19 with random weights")
            parts = Parts(experiment, torch.device("cpu"), registry=plugins().registry)
        narrow_vgg(case, parts, Path(folder))
    parts.ema.network.load_state_dict(part(case, "ema."))
    method = experiment.method.selected.build(parts=parts)
    gradients = watch_gradients(parts)
    batch = training_batch(case, experiment.scale)
    outputs = {}
    for iteration in iterations(case):
        parts.begin(iteration, watch_norm=False)
        logs = method.step(parts.transform(dict(batch)))
        parts.ema.update()
        losses = [logs[LOGS[name]] for name in hyper["loss_order"]]
        outputs[f"out_losses_iter{iteration}"] = torch.stack(losses)
        outputs |= wanted_states(case, parts, iteration)
        if iteration == 1:
            outputs |= wanted_gradients(case, gradients)
    return outputs


LOGS = {
    "l_g_pix": "pixel",
    "l_g_artifacts": "ldl",
    "l_g_percep": "perceptual",
    "l_g_gan": "gan",
    "l_d_real": "gan_real",
    "l_d_fake": "gan_fake",
    "out_d_real": "d_real",
    "out_d_fake": "d_fake",
}


def iterations(case):
    wanted = case.wants("out_losses_iter")
    return range(1, 1 + max(int(name.removeprefix("out_losses_iter")) for name in wanted))


def training_batch(case, scale):
    lr, small = case.tensor("in_lq"), case.tensor("in_gt_small")
    factor = scale * lr.shape[-1] // small.shape[-1]
    hr = small.repeat_interleave(factor, -1).repeat_interleave(factor, -2)
    assert hr.shape[-2:] == tuple(scale * side for side in lr.shape[-2:])
    return {"lr": lr, "hr": hr}


def experiment_table(case, folder, relativistic):
    hyper = case.hyper
    generator, usm = hyper["generator"], hyper["usm"]
    assert generator["kind"] == "RRDBNet"
    sharpened = "hr" if usm is None else "hr_sharpened"
    transforms = [] if usm is None else [{"type": "sharpen", "size": usm["radius"] // 2 * 2 + 1}]
    optimizer = hyper["optimiser"]
    assert optimizer["type"] == "Adam"
    adam = {"type": "adam", "learning_rate": optimizer["lr"], "betas": optimizer["betas"]}
    return {
        "name": "step",
        "scale": generator["scale"],
        "generator": {
            "type": "rrdbnet",
            "num_features": generator["num_feat"],
            "num_blocks": generator["num_block"],
            "growth_channels": generator["num_grow_ch"],
            "weights": save_part(case, "g.", folder / "g.pth"),
        },
        "discriminator": discriminator_table(hyper["discriminator"])
        | {"weights": save_part(case, "d.", folder / "d.pth")},
        "method": {"type": "gan"},
        "losses": [
            {
                "type": "l1",
                "name": "pixel",
                "weight": float(hyper["pixel_weight"]),
                "target": sharpened,
            },
            {
                "type": "ldl",
                "weight": float(hyper["artifact_weight"]),
                **map_settings(hyper),
            },
            {
                "type": "perceptual",
                "weight": float(hyper["perceptual_weight"]),
                "target": sharpened,
                "weights": "random",
            },
            {
                "type": "adversarial",
                "name": "gan",
                "weight": float(hyper["gan_weight"]),
                "relativistic": relativistic,
            },
        ],
        "optimizer": {"generator": adam, "discriminator": adam},
        "data": {"train": {"type": "hr_folder", "hr": str(folder), "transforms": transforms}},
        "train": {"ema_decay": hyper["ema_decay"], "ema_warmup": False},
    }


def discriminator_table(hyper):
    kinds = {
        "VGGStyle128": {"type": "vgg"},
        "UNetSN": {"type": "unet", "skip_connection": hyper.get("skip_connection", True)},
    }
    return kinds[hyper["kind"]] | {"num_features": hyper["num_feat"]}


def narrow_vgg(case, parts, folder):
    """The case's VGG19 of few channels, with the layer weights that the manifest tells."""
    layers = {"conv1_2": 0.1, "conv2_2": 0.1, "conv3_4": 1.0, "conv4_4": 1.0, "conv5_4": 1.0}
    layers = case.hyper.get("layer_weights", layers)
    state = part(case, "vgg.")
    save_file(state, folder / "vgg.safetensors")
    widths = [
        state[f"vgg_net.conv{block}_{conv}.bias"].numel()
        for block, convs in enumerate((2, 2, 4, 4, 4), start=1)
        for conv in range(1, convs + 1)
    ]
    (loss,) = (term.loss for term in parts.losses if term.label == "perceptual")
    loss.layers = layers
    loss.features = VGGFeatures(layers, folder / "vgg.safetensors", widths=widths)


def watch_gradients(parts):
    """Gradients with which every optimizer steps, by network and parameter; the last step's."""
    gradients = {}
    for name, updater in parts.updaters.items():
        network = parts.networks[name]
        updater.optimizer.register_step_pre_hook(
            lambda *_, name=name, network=network: gradients.update(
                {name: {key: p.grad.clone() for key, p in network.named_parameters()}}
            )
        )
    return gradients


def wanted_gradients(case, gradients):
    prefixes = {"out_grad_g__": "generator", "out_grad_d__": "discriminator"}
    return {
        name: gradients[network][dotted(name.removeprefix(prefix))]
        for prefix, network in prefixes.items()
        for name in case.wants(prefix)
    }


def wanted_states(case, parts, iteration):
    """``out_<network>__<name>_after<i>``; without a network's name: of the discriminator."""
    ending = f"_after{iteration}"
    names = {"g__": "generator", "d__": "discriminator", "ema__": "ema"}
    outputs = {}
    for output in (name for name in case.expected if name.endswith(ending)):
        key = output.removeprefix("out_").removesuffix(ending)
        prefix = next((prefix for prefix in names if key.startswith(prefix)), "")
        state = parts.networks[names.get(prefix, "discriminator")].state_dict()
        key = dotted(key.removeprefix(prefix))
        if key not in state:  # conv1_u: the vector u of spectral normalization
            layer, _, vector = key.rpartition("_")
            key = f"{layer}.weight_{vector}"
        outputs[output] = state[key].clone()
    return outputs


def dotted(name):
    return name.replace("__", ".")


def part(case, prefix):
    return {
        key.removeprefix(prefix): value
        for key, value in case.weights().items()
        if key.startswith(prefix)
    }


def save_part(case, prefix, file):
    torch.save(part(case, prefix), file)
    return str(file)
