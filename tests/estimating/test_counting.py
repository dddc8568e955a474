"""Multiply-adds and what is kept, against counts by hand."""

import torch
from torch import nn

from srcore.contracts import GENERATOR
from srcore.engine.roles import RoleNetwork
from srcore.estimating.counting import calls_of, cost_of


def test_a_convolution_is_counted_as_by_hand():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 1))
    made = RoleNetwork("generator", GENERATOR, network, network)
    image = torch.rand(2, 3, 10, 12)
    with calls_of({"generator": made}) as calls:
        network(image)
        network(torch.rand(1, 3, 4, 4))  # the first call counts
    cost = cost_of(made, calls["generator"])
    assert cost.input == (3, 10, 12)
    assert cost.multiply_adds == 10 * 12 * (3 * 8 * 9 + 8 * 3)
    assert cost.parameters == (3 * 9 + 1) * 8 + (8 + 1) * 3
    # the image, and what the ReLU makes, which the last convolution keeps too
    assert cost.activations == 4 * 2 * 10 * 12 * (3 + 8)
    assert network.training
    assert not network._forward_pre_hooks


def test_a_network_that_was_not_called_has_parameters():
    network = nn.Conv2d(3, 3, 1)
    cost = cost_of(RoleNetwork("judge", GENERATOR, network, network), None)
    assert (cost.parameters, cost.multiply_adds, cost.input) == (12, 0, ())
