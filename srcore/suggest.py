"""Did you mean ...?"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

_LONGEST, _MOST = 128, 1000


def closest(name: str, known: Iterable[str]) -> str:
    """``did you mean "x"?`` for the nearest known name, or an empty string."""
    meant = nearest(name, known)
    return f'did you mean "{meant}"?' if meant else ""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The nearest known name, or an empty string.

    Args:
        name: what was written.
        known: what may be meant.
        cutoff: how alike they must be; 1: equal.
    """
    if len(name) > _LONGEST:  # nobody means a short one by it, and comparing takes long
        return ""
    known = [entry for entry in itertools.islice(known, _MOST) if len(entry) <= _LONGEST]
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=cutoff)), "")
