"""Components that an experiment selects, wherever in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srcore.config.paths import below
from srcore.config.schema import Experiment
from srcore.options import Selected


def selections(experiment: Experiment) -> Iterator[tuple[str, Selected]]:
    """Every selected component with the path of its table, nested ones included."""
    yield from _walk(experiment, "")


def _walk(value: Any, path: str) -> Iterator[tuple[str, Selected]]:
    if isinstance(value, Selected):
        yield path, value
    for inner, item, _ in below(value, path):
        yield from _walk(item, inner)
