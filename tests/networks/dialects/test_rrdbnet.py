import pytest
import torch

from srcore.plugin.manager import plugins
from srcore.weights.dialects import UnknownArchitectureError, convert_to_native, dialects

DIALECTS = ["basicsr", "old_esrgan", "esrgan_new", "esrdgan"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "options",
    [
        {"scale": 1},
        {"scale": 2},
        {"scale": 4},
        {"scale": 1, "unshuffle": False},
        {"scale": 2, "unshuffle": False},
        {"scale": 8, "unshuffle": False},
    ],
)
def test_scale_and_unshuffling_follow_from_the_file(rrdbnet, dialect, options):
    state = rrdbnet(**options).state_dict()
    recognized = convert_to_native(
        dialects(plugins().registry)[f"rrdbnet_{dialect}"].from_native(state, options),
        registry=plugins().registry,
    )
    expected = {"unshuffle": True, "num_features": 4, "num_blocks": 2, "growth_channels": 3}
    assert recognized.options == expected | options
    assert recognized.dialect == f"rrdbnet_{dialect}"


def test_the_expected_scale_tells_x3_from_x2(rrdbnet):
    state = rrdbnet(scale=3, unshuffle=False).state_dict()
    old = dialects(plugins().registry)["rrdbnet_old_esrgan"].from_native(state, {})
    assert convert_to_native(old, scale=3, registry=plugins().registry).scale == 3
    assert convert_to_native(old, registry=plugins().registry).scale == 2
    assert convert_to_native(old, scale=4, registry=plugins().registry).scale == 2


@pytest.mark.parametrize(
    ("scale", "numbers"),
    [(1, [0, 2, 4]), (2, [0, 3, 5, 7]), (4, [0, 3, 6, 8, 10]), (8, [0, 3, 6, 9, 11, 13])],
)
def test_old_esrgan_numbers_its_layers_as_published(rrdbnet, scale, numbers):
    state = rrdbnet(scale=scale, unshuffle=False).state_dict()
    old = dialects(plugins().registry)["rrdbnet_old_esrgan"].from_native(state, {})
    outer = {int(name.split(".")[1]) for name in old if not name.startswith("model.1.")}
    assert sorted(outer) == numbers
    assert "model.1.sub.2.weight" in old
    assert "model.1.sub.1.RDB3.conv5.0.bias" in old


def test_esrgan_plus_is_refused_by_name(rrdbnet):
    state = dialects(plugins().registry)["rrdbnet_old_esrgan"].from_native(
        rrdbnet(scale=4).state_dict(), {}
    )
    state["model.1.sub.0.RDB1.conv1x1.weight"] = torch.ones(3, 4, 1, 1)
    with pytest.raises(UnknownArchitectureError, match=r"x\.pth: an ESRGAN\+ network"):
        convert_to_native(state, source="x.pth", registry=plugins().registry)


def test_networks_that_make_other_images_than_they_take_are_refused(rrdbnet):
    state = rrdbnet(scale=4, channels=1).state_dict()
    state["conv_first.weight"] = torch.ones(8, 3, 3, 3)
    with pytest.raises(UnknownArchitectureError, match="3 input and 1 output channels"):
        convert_to_native(state, registry=plugins().registry)


def test_esrdgan_files_with_other_kernels_are_not_this_network(rrdbnet, isolated_plugins):
    state = dialects(plugins().registry)["rrdbnet_esrdgan"].from_native(
        rrdbnet(scale=4).state_dict(), {}
    )
    state["model.6.weight"] = torch.ones(3, 4, 5, 5)
    with pytest.raises(UnknownArchitectureError, match="unknown architecture"):
        convert_to_native(state, registry=plugins().registry)
