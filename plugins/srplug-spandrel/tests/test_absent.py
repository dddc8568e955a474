"""What is not here, and why: fails when a reason is gone."""

import inspect

import pytest
import torch
from spandrel import MAIN_REGISTRY
from spandrel.architectures.AuraSR import AuraSR
from spandrel.architectures.IPT.__arch.ipt import IPT
from spandrel.architectures.IPT.__arch.model import Model
from srplug_spandrel.catalog import ABSENT, ARCHITECTURES
from srplug_spandrel.networks import Restorer, spandrel_class
from srplug_spandrel.tiny import tiny

from srcore.errors import SrcoreError
from srcore.plugin.manager import plugins

REASONS = {}


def reason(text):
    """A function that holds this reason to spandrel, for every architecture that has it."""
    return lambda holds: REASONS.setdefault(text, holds)


def purpose(name, wanted):
    assert f'purpose="{wanted}"' in inspect.getsource(type(MAIN_REGISTRY[name].architecture))


@reason("restores faces")
def faces(name):
    purpose(name, "FaceSR")


@reason("fills holes")
def holes(name):
    purpose(name, "Inpainting")


@reason("makes pictures from noise that it draws itself")
@torch.no_grad()
def noise(name):
    style = {"dim_in": 8, "dim_out": 32, "depth": 1}
    network = AuraSR(dim=8, style_network=style, image_size=None, input_image_size=None).eval()
    image = torch.rand(1, 3, 16, 16)
    torch.manual_seed(0)
    first, second = network(image), network(image)
    assert not torch.equal(first, second)


@reason("computes pieces of one size and puts them together image by image")
@torch.no_grad()
def pieces(name):
    network = IPT(
        patch_size=12, patch_dim=3, n_feats=4, num_heads=2, num_layers=1, scale=[2], rgb_range=1
    ).eval()
    assert network(torch.rand(2, 3, 12, 12)).shape == (2, 3, 24, 24)
    with pytest.raises(RuntimeError, match="size of tensor"):
        network(torch.rand(2, 3, 15, 12))
    assert Model(network).forward(torch.rand(1, 3, 30, 27), 0).shape == (1, 3, 60, 54)
    with pytest.raises(RuntimeError, match="channels"):
        Model(network).forward(torch.rand(2, 3, 30, 27), 0)


@pytest.mark.parametrize("name", ABSENT)
def test_what_is_absent_has_a_reason_that_holds(name):
    text = ABSENT[name]
    if text.startswith("srcore's "):
        component = plugins().registry.get("network", text.removeprefix("srcore's "))
        assert component.owner == "srcore"
    else:
        REASONS[text](name)


@pytest.mark.parametrize("scale", [1, 2])
def test_mm_realsr_sees_too_few_channels_at_other_scales(scale):
    keys = {**tiny("mmrealsr", 4), "num_in_ch": 3, "num_out_ch": 3, "scale": scale}
    network = spandrel_class(ARCHITECTURES["mmrealsr"])(**keys)
    with pytest.raises(RuntimeError, match="channels"):
        network(torch.rand(1, 3, 16, 16))
    with pytest.raises(SrcoreError, match="works at scale 4; found"):
        Restorer(ARCHITECTURES["mmrealsr"], scale=scale)


def test_dat_normalizes_over_a_batch():
    network = Restorer(ARCHITECTURES["dat"], scale=2, **tiny("dat", 2)).train()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        network(torch.rand(1, 3, 16, 16))
