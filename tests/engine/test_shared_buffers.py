"""Buffers of several processes become those of the first."""

import torch
from torch import nn

from srcore.engine import shared_buffers
from srcore.engine.shared_buffers import share_buffers


def test_one_process_sends_nothing(monkeypatch):
    monkeypatch.setattr(torch.distributed, "broadcast", None)  # calling it would fail
    share_buffers(nn.BatchNorm2d(3))


def test_all_buffers_are_those_of_the_first_process_and_parameters_stay(monkeypatch):
    def broadcast(tensor, src):
        assert src == 0
        tensor.fill_(7)

    monkeypatch.setattr(shared_buffers.idist, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "broadcast", broadcast)
    network = nn.BatchNorm2d(3)
    before = network.weight.clone()
    share_buffers(network)
    assert all(bool((buffer == 7).all()) for buffer in network.buffers())
    assert torch.equal(network.weight, before)
