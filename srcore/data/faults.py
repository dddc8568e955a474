"""Faults of single images that headers show: named one by one, or counted where they are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs

from srcore.capabilities import option_capability
from srcore.data.wrapping import inner_datasets

_SHOWN = 5


class ImageFault(str):
    """A message about single images, which ``on_bad_image = "skip"`` may leave out.

    Attributes:
        number: how many images.
        total: how many the list has.
    """

    __slots__ = ("number", "total")
    number: int
    total: int

    def __new__(cls, text: str, number: int, total: int) -> ImageFault:
        """Attach the numbers to the text."""
        self = super().__new__(cls, text)
        self.number, self.total = number, total
        return self


@attrs.frozen
class FaultKind:
    """One way in which images of a list are not as they should be.

    Attributes:
        many: what they are, after their number: ``"images are smaller than the crop of 96x96"``.
        cure: what to do about many.
        hint: what many such faults have in common, of the facts of them all; empty: nothing.
    """

    many: str
    cure: str
    hint: Callable[[Sequence[Any]], str] = lambda facts: ""


@attrs.frozen
class Fault:
    """What is wrong with one image.

    Attributes:
        key: key of the dataset that names its folder.
        kind: the kind of fault.
        message: all about it in one line.
        short: name and the finding, for a list of several.
        fact: what the hint goes by.
    """

    key: str
    kind: FaultKind
    message: str
    short: str
    fact: Any = None


def in_lines(faults: Iterable[Fault], total: int) -> Iterator[tuple[str, ImageFault]]:
    """(key, message) pairs: one per fault, or one per kind where a kind has more than five."""
    faults = list(faults)
    counted = Counter((fault.key, fault.kind) for fault in faults)
    told_of = set()
    for fault in faults:
        group = fault.key, fault.kind
        if counted[group] <= _SHOWN:
            yield fault.key, ImageFault(fault.message, 1, total)
        elif group not in told_of:
            told_of.add(group)
            alike = [other for other in faults if (other.key, other.kind) == group]
            yield fault.key, ImageFault(_line_of_kind(fault.kind, alike, total), len(alike), total)


def image_faults(options: Any, experiment: Any) -> list[ImageFault]:
    """What the checks of a dataset, and of those inside of it, say about single images."""
    check = option_capability(options, "problems")
    complaints = check(experiment) if check is not None else ()
    own = [message for _, message in complaints if isinstance(message, ImageFault)]
    inside = (image_faults(selected.options, experiment) for _, selected in inner_datasets(options))
    return own + [fault for faults in inside for fault in faults]


def can_be_skipped(faults: Sequence[ImageFault]) -> bool:
    """Whether any image is left when these are."""
    return sum(fault.number for fault in faults) < min(fault.total for fault in faults)


def _line_of_kind(kind: FaultKind, faults: Sequence[Fault], total: int) -> str:
    hint = kind.hint([fault.fact for fault in faults])
    first = ", ".join(fault.short for fault in faults[:_SHOWN])
    return (
        f"{len(faults)} of {total} {kind.many}: {first} and {len(faults) - _SHOWN} more; "
        f"{hint or kind.cure}"
    )
