"""Whether recordings are believed."""

import logging

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import srcore
from srcore.inference.streaming.verification import recording_of


@pytest.mark.parametrize("name", ["rrdbnet", "edsr", "compact", "msrresnet"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_networks_of_convolutions_are_computed_by_rows(name, scale):
    options = {"num_blocks": 1, "unshuffle": scale != 3} if name == "rrdbnet" else {}
    network = srcore.build("network", name, scale=scale, **options).eval()
    assert recording_of(network) is not None


def test_networks_of_windows_are_not(caplog):
    caplog.set_level(logging.DEBUG, "srcore")
    network = srcore.build("network", "swinir", scale=2, embed_dim=12, depths=[2], num_heads=[2])
    assert recording_of(network.eval()) is None
    assert "SwinIR is not computed by rows: " in caplog.text


class Doubled(nn.Module):
    scale = 2

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))

    def forward(self, lr):
        return F.interpolate(lr * self.factor, scale_factor=2)


class Baked(Doubled):
    """Does with the size what no recording sees."""

    def forward(self, lr):
        return super().forward(lr * (8 / lr.shape[-2]))


class Hidden(Doubled):
    """Adds what no function of PyTorch made."""

    def forward(self, lr):
        return super().forward(lr) + float(lr.numpy().mean())


class Failing(Doubled):
    def forward(self, lr):
        raise ValueError("too small")


@pytest.mark.parametrize("kind", [Baked, Hidden, Failing])
def test_a_recording_that_does_not_hold_is_refused(kind):
    assert recording_of(kind()) is None


def test_networks_are_recorded_once_for_the_same_weights():
    network, calls = Doubled(), []
    network.register_forward_pre_hook(lambda module, inputs: calls.append(1))
    first = recording_of(network)
    once = len(calls)
    assert recording_of(network) is first is not None
    assert len(calls) == once > 0
    with torch.no_grad():
        network.factor.mul_(2)
    assert recording_of(network) is not first


def test_a_replaced_buffer_is_seen():
    class Shifted(Doubled):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", torch.zeros(1, 3, 1, 1))

        def forward(self, lr):
            return super().forward(lr - self.mean)

    network = Shifted()
    first = recording_of(network)
    network.mean = torch.ones(1, 3, 1, 1)
    assert recording_of(network) is not first
