"""Buffers that every process has for itself: statistics of its own share of the batches."""

from __future__ import annotations

import torch
from ignite import distributed as idist
from torch import nn


@torch.no_grad()
def share_buffers(network: nn.Module) -> None:
    """Give all processes the first one's buffers, as DDP does before every forward pass.

    What is validated, saved and resumed is then one network, not one per process.
    """
    if idist.get_world_size() > 1:
        for buffer in network.buffers():
            torch.distributed.broadcast(buffer, src=0)
