"""What a handler asks of a tracker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import attrs

from srplug_trackers.values import Row


@attrs.frozen
class Subject:
    """The run that a tracker is told of.

    Attributes:
        name: what it is called.
        folder: for files of the tracker.
    """

    name: str
    folder: Path


class Client(Protocol):
    """The connection to a tracker; all calls come from one thread."""

    def open(self, subject: Subject, run: str) -> str:
        """Connect; go on with a run, or begin one if ``run`` is empty. Return its name there."""
        ...

    def held(self, names: Iterable[str]) -> set[tuple[str, int]] | None:
        """(name, iteration) of what the tracker holds of these values; None: it cannot be asked."""
        ...

    def describe(self, settings: Mapping[str, Any], experiment: Path) -> None:
        """The resolved experiment, as a table of dotted paths and as a file."""
        ...

    def tell(self, rows: Iterable[Row]) -> None:
        """Values and pictures."""
        ...

    def keep(self, weights: Path) -> None:
        """A file of an exported network."""
        ...

    def close(self, *, is_complete: bool) -> None:
        """The training has ended."""
        ...
