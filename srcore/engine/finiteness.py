"""Whether training went bad: losses, or numbers in its state, that are not finite any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import torch
from ignite import distributed as idist
from torch import Tensor

from srcore.errors import SrcoreError

if TYPE_CHECKING:
    from srcore.engine.parts import Parts


class NonFiniteLossError(SrcoreError):
    """A loss term is NaN or infinite."""


def require_finite(terms: Mapping[str, Tensor], what: str) -> None:
    """Look at numbers by name; all processes decide alike.

    Raises:
        NonFiniteLossError: some are not finite; ``what`` says what they are, before their names.
    """
    values = torch.stack([value.detach().float() for value in terms.values()])
    finite = torch.isfinite(values).to(torch.uint8)
    if idist.get_world_size() > 1:
        torch.distributed.all_reduce(finite, torch.distributed.ReduceOp.PRODUCT)
    if bool(finite.all()):
        return
    bad = [name for name, ok in zip(terms, finite.tolist(), strict=True) if not ok]
    shown = ", ".join(f'"{name}" is {float(terms[name].detach()):g}' for name in bad)
    raise NonFiniteLossError(f"{what} {shown}")


class Finiteness:
    """Looks at everything that is saved: parameters, buffers, averages, states of optimizers.

    Entries that are not finite from the start, such as a mask of minus infinity, are meant so.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._meant = set(_bad(parts))

    def complaint(self) -> str:
        """What is not finite, by names, or an empty string."""
        bad = [name for name in _bad(self.parts) if name not in self._meant]
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        return ", ".join(bad[:3]) + more


def _bad(parts: Parts) -> list[str]:
    named = [(name, value) for name, value in _tensors_of_parts(parts) if value.is_floating_point()]
    if not named:
        return []
    # Together, so that the device is waited for once.
    device = parts.device
    finite = torch.stack([torch.isfinite(value).all().to(device) for _, value in named])
    return [name for (name, _), good in zip(named, finite.tolist(), strict=True) if not good]


def _tensors_of_parts(parts: Parts) -> Iterator[tuple[str, Tensor]]:
    for role, network in parts.networks.items():
        for name, value in network.state_dict().items():
            if isinstance(value, Tensor):
                yield f"{role}: {name}", value
    for role, updater in parts.updaters.items():
        names: dict[Tensor, str] = {p: name for name, p in updater.network.named_parameters()}
        for parameter, state in updater.optimizer.state.items():
            for key, value in state.items():
                if isinstance(value, Tensor):
                    yield f"optimizer.{role}: {key} of {names.get(parameter, '?')}", value
