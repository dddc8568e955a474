import pytest
import torch
from safetensors.torch import load_file

from srcore.api import load_generator
from srcore.errors import WeightsError
from srcore.networks.swinir import SwinIR
from srcore.plugin.manager import plugins
from srcore.weights.dialects import UnknownArchitectureError, convert_to_native, dialects
from srcore.weights.loading import load_into

OFFICIAL = dialects(plugins().registry, "swinir")["swinir_official"]
SMALL = {"embed_dim": 4, "depths": (2, 1), "num_heads": (2, 1), "window_size": 4, "img_size": 8}


@pytest.mark.parametrize(
    "options",
    [
        {"scale": 2, "upsampler": "pixelshuffle", "num_features": 8},
        {"scale": 3, "upsampler": "pixelshuffle", "num_features": 8},
        {"scale": 8, "upsampler": "pixelshuffle", "num_features": 8},
        {"scale": 4, "upsampler": "pixelshuffledirect"},
        {"scale": 2, "upsampler": "nearest+conv", "num_features": 8},
        {"scale": 4, "upsampler": "nearest+conv", "num_features": 8},
        {"scale": 1, "upsampler": "none", "window_size": 7, "img_size": 14, "img_range": 255.0},
        {"scale": 2, "qkv_bias": False, "patch_norm": False, "num_features": 8},
        {"scale": 2, "absolute_position": True, "residual_connection": "3conv", "mlp_ratio": 4.0},
        {"scale": 2, "window_size": 4, "img_size": 4},
    ],
)
def test_all_settings_follow_from_the_file(options):
    options = SMALL | options
    state = OFFICIAL.from_native(SwinIR(**options).state_dict(), options)
    recognized = convert_to_native(state, registry=plugins().registry)
    assert recognized.network == "swinir"
    assert recognized.options.items() >= options.items()


@pytest.mark.parametrize(
    "name", ["swinir_pixelshuffle_x2", "swinir_nearest_conv_x4", "swinir_denoise_window7"]
)
def test_published_buffers_are_made_again_exactly(common, name):
    state = load_file(common / f"{name}.safetensors")
    recognized = convert_to_native(state, registry=plugins().registry)
    assert not any(key.endswith(("attn_mask", "position_index")) for key in recognized.state)
    again = OFFICIAL.from_native(recognized.state, recognized.options)
    assert again.keys() == state.keys()
    assert all(torch.equal(again[key], state[key]) for key in state)


@pytest.fixture
def original():
    torch.manual_seed(0)
    return SwinIR(scale=2, num_features=8, **SMALL).eval()


def _without_masks(state):
    return {name: value for name, value in state.items() if "attn_mask" not in name}


def _without_buffers(state):
    return {name: v for name, v in _without_masks(state).items() if "position_index" not in name}


def _other_masks(state):
    return {name: v[:1] if "attn_mask" in name else v for name, v in state.items()}


@pytest.mark.parametrize("change", [_without_buffers, _other_masks])
def test_buffers_may_be_absent_or_of_another_size(original, change):
    network = SwinIR(scale=2, num_features=8, **SMALL).eval()
    report = load_into(
        network, change(original.state_dict()), network_type="swinir", registry=plugins().registry
    )
    assert report.complete
    lr = torch.rand(1, 3, 9, 6)
    assert torch.allclose(network(lr), original(lr), atol=1e-6)


def test_a_file_without_buffers_makes_the_same_network(original, tmp_path):
    torch.save(_without_buffers(original.state_dict()), tmp_path / "x.pth")
    lr = torch.rand(1, 3, 9, 6)
    assert torch.allclose(load_generator(tmp_path / "x.pth")(lr), original(lr), atol=1e-6)


def test_masks_missing_beside_the_index_mean_that_nothing_is_shifted(original):
    options = convert_to_native(
        _without_masks(original.state_dict()), registry=plugins().registry
    ).options
    assert options["img_size"] == options["window_size"] == 4


def test_networks_that_extend_its_blocks_are_not_swinir(original):
    state = original.state_dict()
    state["layers.0.residual_group.blocks.0.conv_block.cab.0.weight"] = torch.ones(1)
    with pytest.raises(UnknownArchitectureError):
        convert_to_native(state, registry=plugins().registry)


def test_another_tail_is_reported(original):
    other = SwinIR(scale=4, num_features=8, **SMALL)
    with pytest.raises(WeightsError, match="holds x2 weights, but the network is x4"):
        load_into(other, original.state_dict(), network_type="swinir", registry=plugins().registry)
