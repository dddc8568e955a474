"""Low-rank adapters in the layers of a frozen network (LoRA, Hu et al., ICLR 2022)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from torch import nn

from srplug_osediff.library import LoraConfig, LoraLayer, inject_adapter_in_model

#: The time is the same in every step of the generator: what embeds it needs no adapters.
_LEFT_OUT = "time_embedding"


def add_adapters(network: nn.Module, rank: int) -> None:
    """Freeze a network, and add ``B A x`` to all of its linear layers and convolutions.

    B is 0, so that nothing is changed yet; A and B are trained.

    Args:
        network: changed in place.
        rank: channels between A and B.
    """
    network.requires_grad_(False)
    layers = [
        name
        for name, module in network.named_modules()
        if isinstance(module, (nn.Linear, nn.Conv2d)) and not name.startswith(_LEFT_OUT)
    ]
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=layers)
    inject_adapter_in_model(config, network)


def adapted_layers(network: nn.Module) -> Iterator[LoraLayer]:
    """The layers of a network that have adapters."""
    for module in network.modules():
        if isinstance(module, LoraLayer):
            yield module


def forget_adapters(network: nn.Module) -> None:
    """B is 0 again."""
    for layer in adapted_layers(network):
        for module in layer.lora_B.values():
            nn.init.zeros_(module.weight)


def adapters_of(network: nn.Module) -> nn.ModuleList:
    """What is trained of a network: all A and B, which the network shares."""
    layers = list(adapted_layers(network))
    return nn.ModuleList(made for layer in layers for made in (layer.lora_A, layer.lora_B))


@contextlib.contextmanager
def without_adapters(network: nn.Module) -> Iterator[None]:
    """Inside of the block the network is the one that the adapters were added to."""
    layers = list(adapted_layers(network))
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)
        network.requires_grad_(False)
        for parameter in trained:
            parameter.requires_grad_(True)
