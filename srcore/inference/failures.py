"""What ends an image: memory that does not hold its smallest part, a result that is no image."""

from __future__ import annotations

import torch
from torch import Tensor

from srcore.errors import SrcoreError, first_line
from srcore.machine.device_names import UsePrecision
from srcore.options.spelling import spelled


class OutOfMemoryError(SrcoreError):
    """Not even the smallest part of an image fits; the first original error is the cause."""

    @classmethod
    def of(cls, device: torch.device, what: str, cause: BaseException | None) -> OutOfMemoryError:
        """The smallest part of an image did not fit."""
        reason = first_line(cause)
        error = cls(
            f"out of memory on {device} even for {what}; close other programs, or use a smaller "
            f"network or another device ({reason})"
        )
        error.__cause__ = cause
        return error


def check_finite(sr: Tensor, precision: UsePrecision) -> None:
    """Refuse an output that is no image.

    ``sr`` is ``(N, C, H, W)``.

    Raises:
        SrcoreError: values that are infinite or no numbers.
    """
    if not bool(torch.isfinite(sr).all()):
        hint = "" if precision == "float32" else f"; use {spelled('precision', 'float32')}"
        raise SrcoreError(f"the network's output is not finite in {precision}{hint}")
