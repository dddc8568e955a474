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


def nearest(name: str, known: Iterable[str]) -> str:
    """The nearest known name, or an empty string."""
    if len(name) > _LONGEST:  # nobody means a short one by it, and comparing takes long
        return ""
    known = [entry for entry in itertools.islice(known, _MOST) if len(entry) <= _LONGEST]
    return next(iter(difflib.get_close_matches(name, known, n=1, cutoff=0.6)), "")


def misspelt_type(keys: Iterable[str]) -> str:
    """The key by which ``type`` is meant, or an empty string; words such as style are others."""
    return next(iter(difflib.get_close_matches("type", keys, n=1, cutoff=0.75)), "")
