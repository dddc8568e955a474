"""How far from a cut a network feels it."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import srcore
from srcore.inference.reach import LONGEST_REACH, measure_reach


class Blur(nn.Module):
    """Mean of ``2 * radius + 1`` pixels of a row, zeros beyond the edges; then nearest pixels."""

    def __init__(self, radius, strength=1.0, scale=2):
        super().__init__()
        self.radius, self.strength, self.scale = radius, strength, scale

    def forward(self, lr):
        size = 2 * self.radius + 1
        blurred = F.avg_pool2d(F.pad(lr, (self.radius, self.radius)), (1, size), stride=1)
        return F.interpolate(torch.lerp(lr, blurred, self.strength), scale_factor=self.scale)


@pytest.mark.parametrize("radius", [0, 1, 3, 8])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_is_the_radius_of_a_filter(radius, scale):
    assert measure_reach(Blur(radius, scale=scale)) == radius


def test_less_than_a_grey_level_is_not_felt():
    assert measure_reach(Blur(3, strength=1e-3)) == 0


def test_is_limited_and_counts_what_is_not_a_number():
    assert measure_reach(Blur(40)) == LONGEST_REACH
    assert measure_reach(Blur(0, strength=float("nan"))) == LONGEST_REACH


def test_a_wrong_size_is_left_to_those_who_report_it():
    network = Blur(0)
    network.scale = 4
    network.forward = lambda lr: F.interpolate(lr, scale_factor=3)
    assert measure_reach(network) == LONGEST_REACH


@pytest.mark.parametrize("multiple", [3, 8, 24])
def test_cuts_where_tiles_may_begin(multiple):
    network = Blur(2)
    network.tile_multiple = multiple
    widths = []
    network.register_forward_pre_hook(lambda module, inputs: widths.append(inputs[0].shape[-1]))
    assert measure_reach(network) == 2
    assert widths == [2 * widths[1], widths[1]]
    assert widths[1] % multiple == 0


@pytest.mark.parametrize("name", ["edsr", "msrresnet", "compact", "rrdbnet", "swinir"])
def test_tiles_with_that_overlap_equal_the_whole_within_a_level(name):
    torch.manual_seed(0)
    network = srcore.build("network", name, scale=2).eval()
    lr = F.interpolate(torch.rand(1, 3, 12, 24), scale_factor=4, mode="bicubic").clamp(0, 1)
    reach, cut = measure_reach(network), 40
    assert 0 < reach < LONGEST_REACH
    with torch.inference_mode():
        whole = network(lr)[..., : 2 * (cut - reach)]
        part = network(lr[..., :cut])[..., : 2 * (cut - reach)]
    assert float((whole - part).abs().max()) <= 1 / 255
