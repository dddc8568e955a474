"""What is wrong with values of a file, on its way to whoever shows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from srcore.errors import Problem


class Invalid(Exception):  # noqa: N818 - carries problems between hooks, never reaches a user
    """Problems found while converting, and what could be converted nevertheless."""

    def __init__(self, problems: Iterable[Problem], partial: Any = attrs.NOTHING) -> None:
        super().__init__()
        self.problems = list(problems)
        self.partial = partial
