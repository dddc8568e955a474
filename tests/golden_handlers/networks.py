"""Golden cases of generators, discriminators and VGG19 features."""

import json

import numpy as np
import torch

from srcore.networks.dialects.rrdbnet import ESRGAN_NEW
from srcore.networks.edsr import EDSR
from srcore.networks.msrresnet import MSRResNet
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR
from srcore.networks.unet_discriminator import UNetDiscriminator
from srcore.networks.vgg_discriminator import VGGDiscriminator
from srcore.networks.vgg_features import VGG19_LAYERS, VGGFeatures
from srcore.plugin.manager import plugins
from srcore.testing.golden import golden_kind
from srcore.weights.dialects import convert_to_native


@golden_kind("rrdbnet_forward")
def rrdbnet_forward(case):
    """All files of a case hold the same network: the one that is furthest off is returned."""
    return {"y": _furthest(case, [_forward_in_dialect(case, file) for file in case.weight_files])}


def _forward_in_dialect(case, file):
    hyper = case.hyper
    recognized = convert_to_native(
        case.weights(file), scale=hyper["scale"], registry=plugins().registry
    )
    sizes = ("num_features", "num_blocks", "growth_channels")
    assert [recognized.options[size] for size in sizes] == [
        hyper[size] for size in ("num_feat", "num_block", "num_grow_ch")
    ]
    assert recognized.scale == hyper["scale"]
    network = _loaded(RRDBNet(**recognized.options), recognized.state)
    return network(case.tensor("x")).detach()


def _furthest(case, outputs):
    expected = case.tensor("y")
    return max(outputs, key=lambda y: float((y - expected).abs().max()))


@golden_kind("edsr_forward")
def edsr_forward(case):
    outputs = []
    for file in case.weight_files:
        recognized = convert_to_native(
            case.weights(file), scale=case.hyper["scale"], registry=plugins().registry
        )
        # Files do not tell the residual scaling.
        options = recognized.options | {"res_scale": case.hyper["res_scale"]}
        options |= {"img_range": float(case.hyper["img_range"])}
        options |= {"rgb_mean": tuple(case.hyper["rgb_mean"])}
        outputs.append(_loaded(EDSR(**options), recognized.state)(case.tensor("x")).detach())
    return {"y": _furthest(case, outputs)}


@golden_kind("rrdbnet_cotangent_grad")
def rrdbnet_cotangent_grad(case):
    # The number of blocks is taken from the weights: one published case states another number
    # than its file holds, and its outputs are those of the file.
    hyper = case.hyper
    recognized = convert_to_native(
        case.weights(), scale=hyper["scale"], registry=plugins().registry
    )
    sizes = ("num_features", "growth_channels", "channels", "channels", "scale")
    assert [recognized.options.get(size, 3) for size in sizes] == [
        hyper[size] for size in ("num_feat", "num_grow_ch", "num_in_ch", "num_out_ch", "scale")
    ]
    return _cotangent_grad(case, RRDBNet(**recognized.options))


@golden_kind("msrresnet_cotangent_grad")
def msrresnet_cotangent_grad(case):
    hyper = case.hyper
    network = MSRResNet(hyper["upscale"], hyper["num_feat"], hyper["num_block"])
    return _cotangent_grad(case, network)


@golden_kind("swinir_cotangent_grad")
def swinir_cotangent_grad(case):
    return _cotangent_grad(case, _swinir(case.hyper))


def _cotangent_grad(case, network):
    _loaded(network, case.weights())
    x = case.tensor("in_x", requires_grad=True)
    y = network(x)
    (y * case.tensor("in_cotangent")).mean().backward()
    return {"out_y": y, "out_grad_x": x.grad} | _gradients(case, network)


def _gradients(case, network):
    prefix = "out_grad__"
    return {
        name: network.get_parameter(name.removeprefix(prefix).replace("__", ".")).grad
        for name in case.wants(prefix)
    }


@golden_kind("swinir_cos_grad")
def swinir_cos_grad(case):
    network = _loaded(_swinir(case.hyper), case.weights())
    x = case.tensor("x", requires_grad=True)
    y = network(x)
    (
        y * torch.arange(y.numel(), dtype=torch.float64).cos().float().reshape(y.shape)
    ).sum().backward()
    blocks = network.layers[0].residual_group.blocks
    return {
        "y": y,
        "grad_x": x.grad,
        "grad_bias_table": blocks[1].attn.relative_position_bias_table.grad,
        "grad_qkv": blocks[0].attn.qkv.weight.grad,
    }


@golden_kind("swinir_mean_square_grad")
def swinir_mean_square_grad(case):
    network = _loaded(_swinir(case.hyper), case.weights())
    x = case.tensor("in_x", requires_grad=True)
    y = network(x)
    y.square().mean().backward()
    attention = network.layers[0].residual_group.blocks[1].attn
    return {
        "out_y": y,
        "out_grad_x": x.grad,
        "out_grad_bias_table": attention.relative_position_bias_table.grad,
        "out_grad_qkv_weight": attention.qkv.weight.grad,
    }


def _swinir(hyper):
    same = ("window_size", "embed_dim", "depths", "num_heads", "mlp_ratio", "img_range")
    settings = {name: hyper[name] for name in same}
    size = hyper["img_size"]
    if "num_feat" in hyper:
        settings["num_features"] = hyper["num_feat"]
    return SwinIR(
        hyper["upscale"],
        img_size=size if isinstance(size, int) else min(size),
        upsampler=hyper["upsampler"] or "none",
        residual_connection=hyper["resi_connection"],
        **settings,
    )


@golden_kind("rrdbnet_mean_square_grad")
def rrdbnet_mean_square_grad(case):
    hyper = case.hyper
    recognized = convert_to_native(case.weights(), registry=plugins().registry)
    network = RRDBNet(
        4,
        hyper["nf"],
        hyper["nb"],
        hyper["gc"],
        channels=hyper["in_nc"],
    )
    _loaded(network, recognized.state)
    x = case.tensor("in_x", requires_grad=True)
    y = network(x)
    y.square().mean().backward()
    return {
        "out_y": y,
        "out_grad_x": x.grad,
        "out_grad_trunk_0_RDB2_conv3": network.body[0].rdb2.conv3.weight.grad,
        "out_grad_upconv1_weight": network.conv_up1.weight.grad,
    }


@golden_kind("rrdbnet_full_width")
def rrdbnet_full_width(case):
    hyper = case.hyper
    network = RRDBNet(4, hyper["nf"], hyper["nb"], hyper["gc"])
    # The rule numbers the keys in the order of their published names.
    published = ESRGAN_NEW.from_native(network.state_dict(), {"scale": 4})
    _loaded(network, ESRGAN_NEW.to_native(_regenerated(published, hyper)))
    with torch.no_grad():
        return {"out_sr": network(case.tensor("in_lq"))}


def _regenerated(state, hyper):
    """Weights by the rule in the notes of the usrdu folder."""
    weights = {}
    for number, key in enumerate(sorted(state)):
        draw = np.random.RandomState(hyper["base_seed"] + number).standard_normal
        value = draw(tuple(state[key].shape))
        if value.ndim == 4:
            value = value * hyper["gain"] * np.sqrt(2 / np.prod(value.shape[1:]))
        elif key.endswith(("weight_u", "weight_v")):
            value = value / np.linalg.norm(value)
        elif value.size == 1 and key.endswith("weight"):
            value = np.full(value.shape, 0.25)
        else:
            value = 0.02 * value
        weights[key] = torch.from_numpy(np.asarray(value)).float()
    return weights


@golden_kind("discriminator_vgg128")
def discriminator_vgg128(case):
    hyper = case.hyper
    network = VGGDiscriminator(128, hyper["num_feat"], hyper["num_in_ch"])
    _loaded(network, case.weights())
    upscaled = case.tensor("in_x_small").repeat_interleave(4, 2).repeat_interleave(4, 3)
    outputs = {}
    x = upscaled.clone().requires_grad_()
    outputs["out_y_eval"] = network(x)
    outputs["out_y_eval"].sum().backward()
    outputs["out_grad_x_eval_block"] = x.grad[:, :, 40:56, 40:56]

    network.train().zero_grad()
    x = upscaled.clone().requires_grad_()
    outputs["out_y_train"] = y = network(x)
    (y * torch.tensor([[1.0], [-0.5]])).sum().backward()
    outputs["out_grad_x_train_block"] = x.grad[:, :, 40:56, 40:56]
    outputs["out_grad_x_train_abs_sum"] = x.grad.double().abs().sum()
    outputs["out_num_batches_tracked_after"] = network.bn0_1.num_batches_tracked
    outputs |= _gradients(case, network)
    for name in case.expected:
        if "__running_" in name:
            buffer = name.removeprefix("out_").removesuffix("_after").replace("__", ".")
            outputs[name] = network.get_buffer(buffer)
    return outputs


@golden_kind("discriminator_unet_sn")
def discriminator_unet_sn(case):
    hyper = case.hyper
    network = UNetDiscriminator(hyper["num_feat"], hyper["skip_connection"], hyper["num_in_ch"])
    _loaded(network, case.weights())
    x = case.tensor("in_x", requires_grad=True)
    outputs = {"out_y_eval": network(x)} | _vectors(case, network, "after_eval")
    outputs["out_y_train_1"] = y = network.train()(x)
    outputs |= _vectors(case, network, "after_train_1")
    (y * case.tensor("in_cotangent")).mean().backward()
    outputs["out_grad_x_train_1"] = x.grad
    outputs |= _gradients(case, network)
    outputs["out_y_train_2"] = network(x)
    return outputs | _vectors(case, network, "after_train_2")


def _vectors(case, network, moment):
    vectors = {}
    for name in case.expected:
        if name.endswith(f"_{moment}"):
            layer, which = name.removeprefix("out_").removesuffix(f"_{moment}").rsplit("_", 1)
            vectors[name] = network.get_buffer(f"{layer}.weight_{which}").clone()
    return vectors


@golden_kind("unet_discriminator")
def unet_discriminator(case):
    hyper = case.hyper
    network = UNetDiscriminator(hyper["num_feat"], in_channels=hyper["num_in_ch"])
    _loaded(network, case.weights())
    outputs = {"out_logits_eval": network(case.tensor("in_x"))}
    x = case.tensor("in_x", requires_grad=True)
    outputs["out_logits_train"] = logits = network.train()(x)
    (logits * case.tensor("in_w")).sum().backward()
    outputs["out_grad_x_train"] = x.grad
    for name in case.wants("out_grad_train_"):
        outputs[name] = network.get_parameter(name.removeprefix("out_grad_train_")).grad
    outputs["out_logits_train_second_call"] = network(x)
    # The vectors were recorded after the second call: after the first one they differ from the
    # stored numbers by up to 0.09, after the second one by 3e-8.
    for name in case.expected:
        if name.endswith("_after"):
            buffer = name.removeprefix("out_").removesuffix("_after")
            outputs[name] = network.get_buffer(buffer).clone()
    return outputs


@golden_kind("unet_discriminator_full_width")
def unet_discriminator_full_width(case):
    hyper = case.hyper
    network = UNetDiscriminator(hyper["num_feat"], in_channels=hyper["num_in_ch"])
    if "official_keys.json" in case.entry["extra_files"]:
        listed = json.loads((case.folder / "official_keys.json").read_text())
        shapes = {key: list(value.shape) for key, value in network.state_dict().items()}
        assert shapes == listed["unet_discriminator"]
    _loaded(network, _regenerated(network.state_dict(), hyper)).train()
    x = case.tensor("in_x")
    with torch.no_grad():
        for _ in range(3):
            third = network(x)
        return {"out_logits_third_train_call": third, "out_logits_eval_after": network.eval()(x)}


@golden_kind("perceptual_vgg19_narrow")
def perceptual_vgg19_narrow(case):
    hyper = case.hyper
    layer_weights = hyper["layer_weights"]
    vgg = VGGFeatures(
        layer_weights,
        case.folder / case.entry["weights"],
        use_input_norm=hyper["use_input_norm"],
        range_norm=hyper["range_norm"],
        widths=hyper["widths"],
    )
    sr, maps, terms = _perceptual_terms(case, vgg, "in_gt")
    loss = hyper["perceptual_weight"] * sum(layer_weights[name] * terms[name] for name in terms)
    loss.backward()
    features = {f"out_feat_{name}": value for name, value in maps.items()}
    return {"out_percep": loss, "out_grad_sr": sr.grad} | features


@golden_kind("perceptual_loss_indices")
def perceptual_loss_indices(case):
    hyper = case.hyper
    layer_weights = {VGG19_LAYERS[int(i)]: value for i, value in hyper["layer_weights"].items()}
    widths = np.repeat(hyper["vgg_channels"], (2, 2, 4, 4, 4)).tolist()
    vgg = VGGFeatures(layer_weights, case.folder / case.entry["weights"], widths=widths)
    sr, maps, terms = _perceptual_terms(case, vgg, "in_hr")
    loss = hyper["perceptual_weight"] * sum(layer_weights[name] * terms[name] for name in terms)
    loss.backward()
    outputs = {"out_loss": loss, "out_grad_sr": sr.grad}
    for name, value in maps.items():
        index = VGG19_LAYERS.index(name)
        outputs |= {f"out_feature_{index}": value, f"out_l1_{index}": terms[name]}
    return outputs


def _perceptual_terms(case, vgg, target):
    assert case.hyper["criterion"] == "l1"
    sr = case.tensor("in_sr", requires_grad=True)
    maps, wanted = vgg(sr), vgg(case.tensor(target))
    return sr, maps, {name: (maps[name] - wanted[name]).abs().mean() for name in maps}


def _loaded(network, state):
    network.load_state_dict(state)
    return network.eval()
