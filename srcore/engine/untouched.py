"""Whether an iteration that failed has changed anything yet: most fail before they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from srcore.engine.part_state import state_to_save

if TYPE_CHECKING:
    from srcore.engine.parts import Parts


class Untouched:
    """Compares what an iteration may change with what it was before.

    A copy per iteration would cost too much, so tensors are not compared but asked how often they
    were written to. Of objects whose state is not in tensors nothing is known.

    Args:
        parts: what is trained.
        others: further objects with state by name, such as the method.
    """

    def __init__(self, parts: Parts, others: Mapping[str, Any]) -> None:
        self.parts = parts
        losses = [term.loss for term in parts.losses]
        objects = [*parts.transforms, *losses, *others.values()]
        modules = [it for it in (*parts.trained.values(), *objects) if isinstance(it, nn.Module)]
        self._objects = [it for it in objects if not isinstance(it, nn.Module)]
        self._tensors: list[Tensor] = [
            tensor for module in modules for tensor in (*module.parameters(), *module.buffers())
        ]
        self._writes = 0

    def remember(self) -> None:
        """Before an iteration."""
        self._writes = self._count()

    def holds(self) -> bool:
        """Whether everything is as it was, for all that is known."""
        return (
            not any(updater.has_stepped for updater in self.parts.updaters.values())
            and self._count() == self._writes
            and all(state_to_save(it) is None for it in self._objects)
        )

    def _count(self) -> int:
        return sum(tensor._version for tensor in self._tensors)
