"""The terms of the training loss, and what losses train beside the networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch import Tensor, nn

from srcore.engine.roles import LOSS_PART, RoleNetwork

if TYPE_CHECKING:
    from srcore.config.schema import LossTable


@attrs.frozen
class LossTerm:
    """A configured loss.

    Attributes:
        label: name in logs.
        weight: factor of its term.
        loss: what computes it.
        role: the network that the term trains.
        parts: names of what the loss trains itself.
    """

    label: str
    weight: float
    loss: Any
    role: str = "generator"
    parts: tuple[str, ...] = ()


def build_term(table: LossTable, device: torch.device) -> LossTerm:
    """Build a loss, on the device; parameters that it holds are frozen."""
    loss = table.selected.build()
    if isinstance(loss, nn.Module):
        loss = loss.to(device).requires_grad_(False)
    parts = tuple(f"{table.label}_{part}" for part in table.trained_parts())
    return LossTerm(table.label, table.weight, loss, table.for_, parts)


def trained_parts(tables: Sequence[LossTable], terms: Sequence[LossTerm]) -> dict[str, RoleNetwork]:
    """Modules that losses train, as the experiment names them; their parameters have gradients."""
    parts: dict[str, RoleNetwork] = {}
    for table, term in zip(tables, terms, strict=True):
        for attribute in table.trained_parts():
            module = getattr(term.loss, attribute).requires_grad_(True)
            name = f"{table.label}_{attribute}"
            parts[name] = RoleNetwork(name, LOSS_PART, module, module)
    return parts


def scalar(value: Tensor) -> Tensor:
    """A tensor of one value, of any shape, without axes; one that has none stays as it is."""
    return value if value.ndim == 0 else value.reshape(())
