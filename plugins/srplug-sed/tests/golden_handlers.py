"""Golden handlers for the kinds of SeD."""

import re
import tempfile
import warnings
from pathlib import Path

import torch
from srplug_sed.discriminators import SemanticPatchDiscriminator, SemanticUNetDiscriminator
from srplug_sed.fusion import MultiHeadAttention, SemanticFusion
from srplug_sed.options import STAGES, semantic_channels
from srplug_sed.semantics import ClipSemantics

from srcore.engine.parts import Parts
from srcore.networks.dialects.rrdbnet import ESRGAN_NEW
from srcore.networks.vgg_features import VGG19_LAYERS, VGGFeatures
from srcore.plugin.manager import plugins
from srcore.testing.experiments import typed
from srcore.testing.golden import golden_kind
from srcore.weights.containers import read_checkpoint

#: Side of the published training patches, which semantic_size refers to.
_PUBLISHED_SIDE = 256
#: `features` index of VGG19 -> weight, methods/sed.md E.
_PERCEPTUAL = {2: 0.1, 7: 0.1, 16: 1.0, 25: 1.0, 34: 1.0}


@golden_kind("multi_head_attention")
def multi_head_attention(case):
    hyper = case.hyper
    layer = MultiHeadAttention(
        hyper["query_dim"], hyper["context_dim"], hyper["heads"], hyper["dim_head"]
    )
    layer.load_state_dict(case.weights())
    x = case.tensor("in_x", requires_grad=True)
    context = case.tensor("in_context", requires_grad=True) if "in_context" in case else None
    y = layer(x, context)
    (y * case.tensor("in_r")).sum().backward()
    outputs = {"out_y": y, "out_grad_x": x.grad}
    if context is not None:
        outputs["out_grad_context"] = context.grad
    return outputs | gradients(case, layer)


@golden_kind("semantic_fusion_block")
def semantic_fusion_block(case):
    hyper = case.hyper
    block = SemanticFusion(
        hyper["in_channels"],
        hyper["n_heads"],
        hyper["d_head"],
        hyper["context_dim"],
        hyper["up_factor"],
        is_last=hyper["is_last"],
        depth=hyper.get("depth", 1),
    )
    block.load_state_dict(case.weights())
    outputs = {}
    last = block.transformer_blocks[-1]
    for name, part in (
        ("proj_in", block.proj_in),
        ("attn1", last.attn1),
        ("attn2", last.attn2),
        ("ff", last.ff),
        ("proj_out", block.proj_out),
    ):
        part.register_forward_hook(
            lambda _, given, result, name=name: outputs.update({f"out_after_{name}": result})
        )
    block.conv_out.register_forward_pre_hook(
        lambda _, given: outputs.update(out_after_subpixel=given[0])
    )
    x, context = (case.tensor(name, requires_grad=True) for name in ("in_x", "in_context"))
    y = block(x, context)
    (y * case.tensor("in_r")).sum().backward()
    outputs |= {"out_y": y, "out_grad_x": x.grad, "out_grad_context": context.grad}
    return outputs | gradients(case, block, "transformer_blocks.0.")


def gradients(case, network, shortened=""):
    """Gradients of parameters by their names in the manifest: underscores instead of dots."""
    by_name = {}
    for name, parameter in network.named_parameters():
        for spelling in {name, name.removeprefix(shortened)}:
            key = "out_grad_" + spelling.replace(".", "_")
            if key in case.expected:
                by_name[key] = parameter.grad
    return by_name


def discriminator(case):
    """The discriminator of a case with its weights, in training mode."""
    hyper = case.hyper
    settings = {
        "num_features": hyper["ndf"] if "ndf" in hyper else hyper["num_feat"],
        "in_channels": hyper.get("input_nc", hyper.get("num_in_ch", 3)),
        "semantic_dim": hyper["semantic_dim"],
        "semantic_size": hyper["semantic_size"],
        "num_heads": hyper["nheads"],
        "head_dim": hyper["dhead"],
    }
    if "skip_connection" in hyper:
        settings["skip_connection"] = hyper["skip_connection"]
    build = SemanticPatchDiscriminator if "ndf" in hyper else SemanticUNetDiscriminator
    network = build(**settings)
    network.load_state_dict(case.weights())
    return network


@golden_kind("disc_patch_sed_eval", "disc_unet_sed_eval")
def discriminator_eval(case):
    network = discriminator(case).eval()
    x, semantic = (case.tensor(name, requires_grad=True) for name in ("in_x", "in_semantic"))
    y = network(x, semantic)
    (y * case.tensor("in_r")).sum().backward()
    outputs = {"out_y": y, "out_grad_x": x.grad, "out_grad_semantic": semantic.grad}
    return outputs | gradients(case, network)


@golden_kind("disc_patch_sed_train", "disc_unet_sed_train")
def discriminator_train(case):
    network = discriminator(case)
    x, semantic = (case.tensor(name, requires_grad=True) for name in ("in_x", "in_semantic"))
    y = network(x, semantic)
    (y * case.tensor("in_r")).sum().backward()
    outputs = {"out_y": y, "out_grad_x": x.grad, "out_grad_semantic": semantic.grad}
    outputs |= gradients(case, network) | buffers(case, network, "out_{}_after")
    with torch.no_grad():
        return outputs | {"out_y_second_call": network(x, semantic)}


def buffers(case, network, template):
    named = {template.format(name.replace(".", "_")): b for name, b in network.named_buffers()}
    return {name: value.clone() for name, value in named.items() if name in case.expected}


def extractor(case, batch_norm):
    hyper = case.hyper
    network = ClipSemantics(
        case.folder / case.entry["weights"],
        batch_norm,
        width=hyper["width"],
        blocks=hyper["layers"][:3],
    )
    network.mean.copy_(torch.tensor(hyper["mean"]).view(1, 3, 1, 1))
    network.std.copy_(torch.tensor(hyper["std"]).view(1, 3, 1, 1))
    return network


@golden_kind("clip_trunk_eval")
def clip_trunk_eval(case):
    return {"out_y": extractor(case, "frozen")(case.tensor("in_x"))}


@golden_kind("clip_trunk_batchstats")
def clip_trunk_batchstats(case):
    network = extractor(case, "batch")
    y = network(case.tensor("in_x"))
    return {"out_y": y} | buffers(case, network.trunk, "out_{}_after")


@golden_kind("train_step_patch", "train_step_unet", double=True)
def train_step(case):
    """Whole iterations of the core's method on parts built from an experiment."""
    with tempfile.TemporaryDirectory() as folder:
        parts = training_parts(case, Path(folder))
    maps = case.tensor("in_semantic")
    conditions = []

    def given_semantics(hr):
        conditions.append(hr)
        return maps[len(conditions) - 1]

    object.__setattr__(parts.discriminator_module, "semantics", given_semantics)
    before = {name: published_state(network) for name, network in parts.networks.items()}
    method = parts.experiment.method.selected.build(parts=parts)
    rows = []
    for index, (lr, hr) in enumerate(zip(case.tensor("in_lr"), case.tensor("in_hr"), strict=True)):
        parts.begin(index + 1, watch_norm=False)
        rows.append(method.step(parts.transform({"lr": lr, "hr": hr})))
    assert len(conditions) == len(rows), "one condition per iteration"
    order = ("pixel", "perceptual", "gan", "gan_real", "gan_fake")
    outputs = {
        "out_losses": torch.stack([torch.stack([row[key] for key in order]) for row in rows])
    }
    for letter, name in (("g", "generator"), ("d", "discriminator")):
        after = published_state(parts.networks[name])
        for key, value in after.items():
            flat = key.replace(".", "_")
            outputs[f"out_delta_{letter}_{flat}"] = value - before[name][key]
            outputs[f"out_{letter}_{flat}"] = value
    return {name: value for name, value in outputs.items() if name in case.expected}


def published_state(network):
    """A copy of a network's state under the published names."""
    state = {name: value.detach().clone() for name, value in network.state_dict().items()}
    if hasattr(network, "semantics"):
        return state
    return ESRGAN_NEW.from_native(state, {"scale": network.scale})


def training_parts(case, folder):
    hyper = case.hyper
    table = experiment_table(case, folder)
    experiment = typed(table)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*with random weights")
        parts = Parts(experiment, torch.device("cpu"), registry=plugins().registry)
    file = case.folder / hyper["perceptual_weights"]
    layers = [VGG19_LAYERS[index] for index in _PERCEPTUAL]
    for term in parts.losses:
        if term.label == "perceptual":
            term.loss.features = VGGFeatures(layers, file, widths=vgg_widths(file))
    return parts


def vgg_widths(file):
    """Output channels of all 16 convolutions; those behind the file's last have none."""
    state = read_checkpoint(file).state
    kernels = {name: value for name, value in state.items() if value.ndim == 4}
    order = sorted(kernels, key=lambda name: int(re.search(r"\d+", name)[0]))
    widths = [len(kernels[name]) for name in order]
    return widths + [1] * (16 - len(widths))


def experiment_table(case, folder):
    hyper, scale = case.hyper, case["in_hr"].shape[-1] // case["in_lr"].shape[-1]
    sizes, weights = hyper["discriminator"], hyper["loss_weights"]
    optimizer = {
        "type": "adam",
        "learning_rate": hyper["adam"]["lr"],
        "betas": hyper["adam"]["betas"],
        "weight_decay": float(hyper["adam"]["weight_decay"]),
    }
    schedule = {"type": "multistep"} | hyper["scheduler"]
    per_width = semantic_channels(1, STAGES[_PUBLISHED_SIDE // sizes["semantic_size"]])
    return {
        "scale": scale,
        "generator": {
            "type": "rrdbnet",
            "num_features": hyper["generator"]["nf"],
            "growth_channels": hyper["generator"]["gc"],
            "num_blocks": hyper["generator"]["nb"],
            "weights": str(case.folder / hyper["generator_weights"]),
        },
        "discriminator": {
            "type": "sed_" + case.entry["kind"].removeprefix("train_step_"),
            "num_features": sizes["ndf"] if "ndf" in sizes else sizes["nf"],
            "num_heads": sizes["nheads"],
            "head_dim": sizes["dhead"],
            "weights": str(case.folder / hyper["discriminator_weights"]),
            "semantic_size": sizes["semantic_size"],
            "semantics": {
                "weights": "random",
                "width": sizes["semantic_dim"] // per_width,
                "blocks": [1, 1, 1],
                "last_blocks": 1,
            },
        },
        "method": {"type": "gan"},
        "losses": [
            {"type": "l1", "name": "pixel", "weight": weights["loss_pix"]},
            {
                "type": "perceptual",
                "weight": weights["loss_p"],
                "layers": {VGG19_LAYERS[index]: value for index, value in _PERCEPTUAL.items()},
                "weights": "random",
            },
            {"type": "adversarial", "name": "gan", "weight": weights["loss_g"]},
        ],
        "optimizer": {"generator": optimizer, "discriminator": optimizer},
        "schedule": {"generator": schedule, "discriminator": schedule},
        "data": {"train": {"type": "hr_folder", "hr": str(folder)}},
        "train": {"ema_decay": 0.0, "iterations": len(case["in_lr"])},
    }
