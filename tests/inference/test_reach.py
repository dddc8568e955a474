"""How far from a cut a network feels it."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import srcore
from srcore.inference.reach import DISTANCES, Reach, measure_reach


class Blur(nn.Module):
    """Mean of ``2 * radius + 1`` pixels of a row, zeros beyond the edges; then nearest pixels."""

    def __init__(self, radius, strength=1.0, scale=2):
        super().__init__()
        self.radius, self.strength, self.scale = radius, strength, scale

    def forward(self, lr):
        size = 2 * self.radius + 1
        blurred = F.avg_pool2d(F.pad(lr, (self.radius, self.radius)), (1, size), stride=1)
        return F.interpolate(torch.lerp(lr, blurred, self.strength), scale_factor=self.scale)


class Everywhere(nn.Module):
    """Looks at the whole image."""

    scale = 2

    def forward(self, lr):
        from_all = lr.mean((2, 3), keepdim=True) * lr.mean((1, 2), keepdim=True)
        return F.interpolate(0.5 * lr + from_all, scale_factor=2)


@pytest.mark.parametrize("radius", [0, 1, 3, 8, 15, 50, 100])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_is_the_radius_of_a_filter(radius, scale):
    assert measure_reach(Blur(radius, scale=scale)) == Reach(radius)


def test_less_than_a_gray_level_is_not_felt():
    assert measure_reach(Blur(3, strength=1e-3)) == Reach(0)


def test_what_is_felt_at_any_distance_is_limited_and_said_to_be():
    assert measure_reach(Blur(0, strength=float("nan"))).pixels == DISTANCES[-1]
    reach = measure_reach(Everywhere())
    assert reach.pixels == DISTANCES[-1]
    assert 1 < reach.beyond < 255


def test_what_is_outside_of_a_picture_is_not_felt():
    class Loud(Blur):
        def forward(self, lr):
            return 100 + super().forward(lr)

    assert measure_reach(Loud(8)) == Reach(0)


def test_it_is_measured_once_for_the_same_weights():
    network, calls = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1), []
    network.register_forward_pre_hook(lambda module, inputs: calls.append(1))
    first = measure_reach(network)
    once = len(calls)
    assert measure_reach(network) == first
    assert len(calls) == once > 0
    with torch.no_grad():
        next(network.parameters()).mul_(2)
    measure_reach(network)
    assert len(calls) > once


def test_a_wrong_size_is_left_to_those_who_report_it():
    network = Blur(0)
    network.scale = 4
    network.forward = lambda lr: F.interpolate(lr, scale_factor=3)
    assert measure_reach(network) == Reach(DISTANCES[0])


@pytest.mark.parametrize("multiple", [3, 8, 24])
def test_cuts_where_tiles_may_begin(multiple):
    network = Blur(2)
    network.tile_multiple = multiple
    widths = []
    network.register_forward_pre_hook(lambda module, inputs: widths.append(inputs[0].shape[-1]))
    assert measure_reach(network) == Reach(2)
    assert widths == [2 * widths[1], widths[1]]
    assert widths[1] % multiple == 0


@pytest.mark.parametrize("name", ["edsr", "msrresnet", "compact", "rrdbnet", "swinir"])
def test_tiles_with_that_overlap_equal_the_whole_within_a_level(name):
    torch.manual_seed(0)
    network = srcore.build("network", name, scale=2).eval()
    lr = F.interpolate(torch.rand(1, 3, 12, 24), scale_factor=4, mode="bicubic").clamp(0, 1)
    reach, cut = measure_reach(network).pixels, 40
    assert 0 < reach < DISTANCES[0]
    with torch.inference_mode():
        whole = network(lr)[..., : 2 * (cut - reach)]
        part = network(lr[..., :cut])[..., : 2 * (cut - reach)]
    assert float((whole - part).abs().max()) <= 1 / 255
