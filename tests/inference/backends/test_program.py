"""A network that a backend computes."""

from types import SimpleNamespace

import torch
from torch import nn

import srcore
from srcore.inference.backends.program import Program, name_of
from srcore.inference.memory import memory_per_pixel

BACKEND = SimpleNamespace(memory=2.5)


def network():
    return srcore.build("network", "edsr", scale=2, num_features=4, num_blocks=1).eval()


def test_it_says_of_itself_what_the_network_says():
    inner = network()
    program = Program(inner, inner, BACKEND)
    for name in ("scale", "receptive_radius", "in_channels"):
        assert getattr(program, name) == getattr(inner, name)
    assert program.tile_multiple == 1
    assert program.memory_per_pixel == 2.5 * memory_per_pixel(inner)


def test_a_backend_gets_one_contiguous_image_after_the_other():
    seen = []

    def run(image):
        seen.append((tuple(image.shape), image.is_contiguous()))
        return image * 2

    lr = torch.rand(3, 3, 4, 6).to(memory_format=torch.channels_last)
    assert torch.equal(Program(network(), run, BACKEND)(lr), lr * 2)
    assert seen == [((1, 3, 4, 6), True)] * 3


def test_messages_name_the_network_inside():
    inner = network()
    assert name_of(Program(inner, inner, BACKEND)) == name_of(inner) == "EDSR"
    assert name_of(nn.Identity()) == "Identity"
