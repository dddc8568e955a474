"""What networks cost by their nature: parameters, multiply-adds, activations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from srcore.engine.roles import RoleNetwork


@attrs.frozen(kw_only=True)
class NetworkCost:
    """What one network costs.

    Attributes:
        name: its role.
        type: its class.
        parameters: how many numbers it holds.
        trained: whether it is trained.
        input: channels, height and width of what it is given in training; empty if it was not
            called in the step that was looked at.
        multiply_adds: of one forward pass for one image of that size.
        activations: bytes that one forward pass of the whole batch, or of the part of it that is
            computed at once, keeps for the backward pass.
    """

    name: str
    type: str
    parameters: int
    trained: bool
    input: tuple[int, ...] = ()
    multiply_adds: int = 0
    activations: int = 0


@contextlib.contextmanager
def calls_of(roles: Mapping[str, RoleNetwork]) -> Iterator[dict[str, tuple[Any, Any]]]:
    """What networks are first called with inside the block, by role: arguments and keywords."""
    calls: dict[str, tuple[Any, Any]] = {}
    handles = [
        made.network.register_forward_pre_hook(_first_call_hook(calls, name), with_kwargs=True)
        for name, made in roles.items()
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _first_call_hook(calls: dict[str, tuple[Any, Any]], name: str) -> Any:
    def note(network: nn.Module, arguments: Any, keywords: Any) -> None:
        calls.setdefault(name, (_detached(arguments), _detached(keywords)))

    return note


def cost_of(made: RoleNetwork, call: tuple[Any, Any] | None) -> NetworkCost:
    """Count a network's cost.

    Args:
        made: the network in its role.
        call: what it is called with in training; None: it is not called.
    """
    network = made.network
    cost = NetworkCost(
        name=made.name,
        type=type(network).__name__,
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        trained=made.role.trained,
    )
    image = next((it for it in call[0] if isinstance(it, Tensor)), None) if call else None
    if call is None or image is None:
        return cost
    return attrs.evolve(
        cost,
        input=tuple(int(side) for side in image.shape[1:]),
        multiply_adds=_multiply_adds(network, call) // max(1, len(image)),
        activations=_kept_bytes(network, call) if made.role.trained else 0,
    )


def _multiply_adds(network: nn.Module, call: tuple[Any, Any]) -> int:
    arguments, keywords = call
    was_training = network.training
    network.eval()
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        network(*arguments, **keywords)
    network.train(was_training)
    return int(flops.get_total_flops()) // 2


def _kept_bytes(network: nn.Module, call: tuple[Any, Any]) -> int:
    """Bytes of different tensors that are kept, other than parameters."""
    arguments, keywords = call
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(pack, lambda it: it):
        network(*arguments, **keywords)
    return sum(kept.values())


def _detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    if isinstance(value, dict):
        return {key: _detached(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_detached(item) for item in value)
    return value
