"""What a training method is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from torch import Tensor

    from srcore.contracts import Batch
    from srcore.engine.parts import Parts


class Method(ABC):
    """One training iteration: forward passes, losses, updates.

    A method is built with the :class:`srcore.engine.parts.Parts` of the stage and its options. The
    engine prepares the iteration (seeds, learning rates, batch on the device, transforms), calls
    :meth:`step` once for every piece of the batch, and updates the EMA afterwards.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    @abstractmethod
    def step(self, batch: Batch) -> dict[str, Tensor]:
        """Train on one (piece of a) batch; return values to log by name, detached.

        Use ``self.parts.update_generator(terms)`` or the updaters' ``backward`` and ``step``.
        """

    def state_dict(self) -> dict[str, Any]:
        """What the method continues from after a resume: tensors and plain values by name."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027 - nothing to do
        """Take back what :meth:`state_dict` gave; called only if that was not empty."""

    def close(self) -> None:  # noqa: B027 - nothing to do
        """Undo what the method did to networks; called when the training ended, however it did."""
