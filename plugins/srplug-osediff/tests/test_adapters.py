"""Adapters against their formula."""

import torch
from srplug_osediff.adapters import (
    adapted_layers,
    adapters_of,
    add_adapters,
    forget_adapters,
    without_adapters,
)
from torch import nn

from srcore.testing import assert_close


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3, padding=1)
        self.norm = nn.GroupNorm(1, 5)
        self.linear = nn.Linear(5, 2)
        self.time_embedding = nn.Linear(2, 2)

    def forward(self, image):
        return self.time_embedding(self.linear(self.norm(self.conv(image)).mean((2, 3))))


def network():
    torch.manual_seed(0)
    made = Network()
    add_adapters(made, 3)
    return made


def randomize(network):
    for layer in adapted_layers(network):
        for module in layer.lora_B.values():
            nn.init.normal_(module.weight)


def test_they_change_nothing_at_first():
    adapted, image = network(), torch.rand(2, 3, 6, 6)
    torch.manual_seed(0)
    plain = Network()
    assert torch.equal(adapted(image), plain(image))


def test_they_add_low_rank_matrices():
    adapted = network()
    randomize(adapted)
    torch.manual_seed(0)
    plain, state = Network(), adapted.state_dict()
    with torch.no_grad():
        for name in ("conv", "linear"):
            first, second = (state[f"{name}.lora_{it}.default.weight"] for it in "AB")
            product = second.flatten(1) @ first.flatten(1)
            weight = getattr(plain, name).weight
            weight += product.view_as(weight)
    image = torch.rand(2, 3, 6, 6)
    assert_close(adapted(image), plain(image), rtol=1e-5, atol=1e-5)


def test_they_alone_are_trained_and_the_time_has_none():
    names = {name for name, it in network().named_parameters() if it.requires_grad}
    assert names == {
        f"{layer}.lora_{it}.default.weight" for layer in ("conv", "linear") for it in "AB"
    }


def test_adapters_of_a_network_are_shared_with_it():
    adapted = network()
    trained = {id(it) for it in adapted.parameters() if it.requires_grad}
    assert {id(it) for it in adapters_of(adapted).parameters()} == trained


def test_without_them_it_is_what_it_was_and_afterwards_as_before():
    adapted, image = network(), torch.rand(2, 3, 6, 6)
    plain = adapted(image)
    randomize(adapted)
    changed = adapted(image)
    trained = [name for name, it in adapted.named_parameters() if it.requires_grad]
    with without_adapters(adapted):
        assert torch.equal(adapted(image), plain)
    assert torch.equal(adapted(image), changed)
    assert [name for name, it in adapted.named_parameters() if it.requires_grad] == trained
    forget_adapters(adapted)
    assert torch.equal(adapted(image), plain)


def test_frozen_adapters_stay_frozen():
    adapted = network().requires_grad_(False)
    with without_adapters(adapted):
        pass
    assert not any(it.requires_grad for it in adapted.parameters())
