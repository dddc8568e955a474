"""Whether two trainings computed the same, to the bit, and otherwise how far they are apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

#: Terms of all steps.
Losses = Sequence[Mapping[str, float]]


@attrs.frozen
class Difference:
    """How far two trainings are apart.

    Attributes:
        is_none: all losses and weights are equal to the bit.
        losses: largest difference of a term, as a share of it.
        weights: norm of the difference of all weights, as a share of their norm.
    """

    is_none: bool
    losses: float
    weights: float


def how_far_apart(
    losses: Losses, weights: Path, other_losses: Losses, other_weights: Path
) -> Difference:
    """Compare what two trainings came to; the first is the one that shares are of.

    Args:
        losses: terms of its steps by name.
        weights: file of its networks.
        other_losses: of the other.
        other_weights: of the other.
    """
    first, other = load_file(weights), load_file(other_weights)
    is_none = (
        losses == other_losses
        and first.keys() == other.keys()
        and all(_is_equal_array(first[name], other[name]) for name in first)
    )
    return Difference(is_none, _of_losses(losses, other_losses), _of_weights(first, other))


def _is_equal_array(first: NDArray[Any], other: NDArray[Any]) -> bool:
    return first.dtype == other.dtype and first.tobytes() == other.tobytes()


def _of_losses(losses: Losses, others: Losses) -> float:
    largest = 0.0
    for terms, other_terms in zip(losses, others, strict=False):
        for name, value in terms.items():
            apart = abs(other_terms.get(name, math.nan) - value)
            share = apart / abs(value) if value else apart
            largest = max(largest, math.inf if math.isnan(share) else share)
    return largest


def _of_weights(first: dict[str, NDArray[Any]], other: dict[str, NDArray[Any]]) -> float:
    apart = whole = 0.0
    for name, value in first.items():
        if name in other and np.issubdtype(value.dtype, np.floating):
            exact = value.astype(np.float64)
            apart += float(np.square(other[name].astype(np.float64) - exact).sum())
            whole += float(np.square(exact).sum())
    return math.sqrt(apart / whole) if whole else math.sqrt(apart)
