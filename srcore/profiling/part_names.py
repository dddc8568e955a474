"""Names of the parts of a step and of a validation: a kind, and what of it."""

from __future__ import annotations

from collections.abc import Mapping

#: What is waited for before a step can begin; and what belongs to no part.
DATA, OTHER = "data", "other"
TRANSFORM, FORWARD, LOSS, BACKWARD, OPTIMIZER, AVERAGE = (
    "transform",
    "forward",
    "loss",
    "backward",
    "optimizer",
    "average",
)
READING, METRIC, PICTURES = "reading", "metric", "pictures"
_OF_STEP = (DATA, TRANSFORM, FORWARD, LOSS, BACKWARD, OPTIMIZER, AVERAGE)
_ORDER = (READING, *_OF_STEP, METRIC, PICTURES, OTHER)


def kind_of(name: str) -> str:
    """The kind of a part: the first word of its name.

    >>> kind_of("loss l1")
    'loss'
    """
    return name.partition(" ")[0]


def seconds_of(parts: Mapping[str, float], kind: str) -> float:
    """All parts of a kind together."""
    return sum(took for name, took in parts.items() if kind_of(name) == kind)


def in_order(parts: Mapping[str, float]) -> dict[str, float]:
    """Parts in the order of a step; those of a kind as they came.

    >>> in_order({"other": 1.0, "loss l1": 2.0, "data": 0.5})
    {'data': 0.5, 'loss l1': 2.0, 'other': 1.0}
    """
    return dict(sorted(parts.items(), key=lambda it: _ORDER.index(kind_of(it[0]))))
