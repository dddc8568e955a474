"""What all transforms need: tensors of the batch by name, and random numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.messages import shown

if TYPE_CHECKING:
    from srcore.contracts import Batch


def image_of(batch: Batch, name: str, transform: str) -> Tensor:
    """The images ``name`` of a batch.

    They are ``(N, C, H, W)`` in [0, 1].

    Raises:
        SrcoreError: there are none; says what the batch holds.
    """
    if name not in batch:
        raise SrcoreError(
            f"transform {transform}: needs {shown(name)}, but the batch holds "
            f"{', '.join(sorted(batch)) or 'nothing'}; check the dataset and the earlier transforms"
        )
    return batch[name]


def uniform(limits: tuple[float, float], count: int, generator: torch.Generator) -> Tensor:
    """``count`` numbers drawn uniformly between the limits, on the generator's device.

    They are ``(count,)`` float32.
    """
    draws = torch.rand(count, generator=generator, device=generator.device)
    return limits[0] + (limits[1] - limits[0]) * draws


def happens(probability: float, count: int, generator: torch.Generator) -> Tensor:
    """``count`` booleans, each true with the probability, on the generator's device.

    They are ``(count,)``.
    """
    return torch.rand(count, generator=generator, device=generator.device) < probability
