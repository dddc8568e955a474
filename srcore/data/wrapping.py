"""Data sets that are made of others, such as ``concat``: they hand on what those say.

Which those are is told by the declaration of the options, ``images: Selected =
component("dataset")``; whoever writes such a data set repeats nothing. Problems of the data sets
inside are found by ``srcore check`` as those of all components are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from srcore.capabilities import option_capability
from srcore.options import Selected
from srcore.options.declaration import KIND, key_of


def inner_datasets(options: Any) -> Iterator[tuple[str, Selected]]:
    """The data sets that a data set is made of, with their keys."""
    for field in attrs.fields(type(options)):
        if field.metadata.get(KIND) == "dataset":
            key, value = key_of(field), getattr(options, field.name)
            if isinstance(value, Selected):
                yield key, value
            elif isinstance(value, dict):
                yield from ((f"{key}.{name}", item) for name, item in value.items())
            elif value is not None:
                yield from ((f"{key}[{index}]", item) for index, item in enumerate(value))


def crop_size(options: Any) -> int | None:
    """Side of a data set's crops: as it says or, where it does not, that of all inside of it."""
    own: int | None = option_capability(options, "hr_patch_size")
    if own is not None:
        return own
    sizes = {crop_size(selected.options) for _, selected in inner_datasets(options)}
    return sizes.pop() if len(sizes) == 1 else None


def entries_of(selected: Selected) -> set[str] | None:
    """What a data set or transform puts into a batch; None if nobody can know.

    A data set that is made of others adds what it says to what they all have.
    """
    inside = [entries_of(inner) for _, inner in inner_datasets(selected.options)]
    own = set(selected.component.provides)
    # Not what a class of options inherits: a plugin's dataset may hold more than ours.
    if "entries" in vars(type(selected.options)):
        own = set(selected.options.entries())
        if not inside:
            return own
    known = [entries for entries in inside if entries is not None]
    if not inside or len(known) < len(inside):
        return own or None
    return own.union(set.intersection(*known))
