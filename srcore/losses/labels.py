"""Target values of adversarial losses."""

from __future__ import annotations

import attrs
import torch

from srcore.losses.options import ConstantLabelOptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(ConstantLabelOptions)


@attrs.frozen(kw_only=True)
class ConstantLabels:
    """The same numbers in every iteration.

    >>> import torch
    >>> ConstantLabels(real=0.9)(16, progress=0.5, generator=torch.Generator())
    (0.9, 0.0)
    """

    real: float = _DEFAULT.real
    fake: float = _DEFAULT.fake

    def __call__(
        self, batch_size: int, *, progress: float, generator: torch.Generator
    ) -> tuple[float, float]:
        """(real, fake)."""
        return self.real, self.fake
