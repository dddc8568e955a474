"""Networks that expect blue, green, red, used on red, green, blue."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from srcore.capabilities import RGB, capability
from srcore.errors import SrcoreError
from srcore.plugin.registry import Registry
from srcore.weights.containers import Checkpoint
from srcore.weights.dialects import UnknownArchitectureError, dialects
from srcore.weights.loading import identify


class BgrNetwork(nn.Module):
    """A network with the order of its colors turned around, in and out; alpha stays last.

    Args:
        network: see :class:`srcore.contracts.Network`; all that it declares holds here too.

    Raises:
        SrcoreError: it also sees the whole image beside its tiles, whose order is not known.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        if capability("network", network, "condition") is not None:
            raise SrcoreError("--channel-order bgr: not offered for networks with a condition")
        self.network = network

    def __getattr__(self, name: str) -> Any:
        """What the network declares."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("network"), name)

    def forward(self, lr: Tensor, **fields: Any) -> Tensor:
        """``(N, C, h, w)`` in RGB -> ``(N, C, H, W)`` in RGB."""
        return swap_red_and_blue(self.network(swap_red_and_blue(lr), **fields))


def swap_red_and_blue(image: Tensor) -> Tensor:
    """Red and blue exchanged; gray has neither.

    Images are ``(N, C, H, W)``.
    """
    channels = image.shape[1]
    if channels < RGB:
        return image
    return image[:, [2, 1, 0, *range(RGB, channels)]]


def order_remark(checkpoint: Checkpoint, registry: Registry) -> str:
    """What to say of a file whose program trains on blue, green, red; mostly empty."""
    try:
        name = identify(checkpoint, registry).dialect
    except UnknownArchitectureError:
        return ""
    dialect = dialects(registry).get(name)
    if dialect is None or not dialect.bgr:
        return ""
    return (
        f"{checkpoint.source}: named as by a program ({name}) that trains on blue, green, red; if "
        "it did, add --channel-order bgr, else --channel-order rgb"
    )
