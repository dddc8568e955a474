"""Networks as they are used: re-parameterised ones merge their branches."""

from __future__ import annotations

import torch
from torch import nn

from srcore.capabilities import capability
from srcore.plugin.calling import remember_copy


def deployed(network: nn.Module) -> nn.Module:
    """The network as it is validated, exported and used: re-parameterised ones merge branches."""
    merge = capability("network", network, "deploy")
    if merge is None:
        return network
    with torch.no_grad():
        merged: nn.Module = remember_copy(merge(), network)
    return merged.eval()
