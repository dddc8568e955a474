"""Keeping the small gradients of float16 training: losses are multiplied, gradients divided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from srcore.errors import SrcoreError

FIRST, GROWTH, BACKOFF = 2.0**16, 2.0, 0.5
#: Good iterations in a row after which the scale grows.
PATIENCE = 2000
#: Below it, it is not the range of float16 that makes gradients infinite.
LEAST = 2.0**-10


class LossScale:
    """One scale for all networks, moved once per iteration.

    PyTorch's ``GradScaler`` does the same for exactly one step per optimizer and ``update``. Here
    an optimizer may step several times in an iteration, or not at all, a loss may train several
    networks, and an iteration may be given up in the middle.

    Args:
        enabled: multiply at all; training in other types needs no scale.
    """

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self.scale = FIRST
        self._good = 0
        self._overflowed = False

    def scaled(self, loss: Tensor) -> Tensor:
        """What to call ``backward`` on: a scalar, times the scale."""
        return loss * self.scale if self.enabled else loss

    @torch.no_grad()
    def unscale(self, gradients: Sequence[Tensor]) -> bool:
        """Divide gradients of any shape in place; return whether all are finite: a step is due."""
        if not self.enabled:
            return True
        torch._foreach_mul_(list(gradients), 1 / self.scale)
        largest = torch.stack(torch._foreach_norm(list(gradients), torch.inf))
        finite = bool(torch.isfinite(largest).all())
        self._overflowed |= not finite
        return finite

    def update(self) -> None:
        """At the end of an iteration: halve the scale after an overflow, double it after many none.

        Raises:
            SrcoreError: gradients are not finite, however small the scale.
        """
        if not self.enabled:
            return
        self._good = 0 if self._overflowed else self._good + 1
        if self._overflowed:
            self.scale *= BACKOFF
        elif self._good == PATIENCE:
            self.scale, self._good = self.scale * GROWTH, 0
        self._overflowed = False
        if self.scale < LEAST:
            raise SrcoreError(
                'gradients stay infinite or NaN, however small the loss scale of "float16" is; '
                'set train.precision = "bfloat16" or "float32"'
            )

    def discard(self) -> None:
        """Forget an iteration that is given up."""
        self._overflowed = False

    def state_dict(self) -> dict[str, Any]:
        """Scale and good iterations, under the names that ``GradScaler`` gives them."""
        return {"scale": self.scale, "_growth_tracker": self._good} if self.enabled else {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a state, also that of a ``GradScaler``."""
        if self.enabled and state:
            self.scale = float(state["scale"])
            self._good = int(state["_growth_tracker"])
