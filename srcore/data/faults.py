"""Faults of single images that headers show: named one by one, or counted where they are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from srcore.capabilities import option_capability
from srcore.data.wrapping import inner_datasets

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

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
class Faults:
    """What is wrong with some images of a list: all of one kind.

    Attributes:
        key: key of the dataset that names their folder.
        kind: the kind of fault.
        numbers: of the images.
        message: all about one of them in one line.
        short: name and the finding, for a list of several.
        fact: what the hint goes by.
    """

    key: str
    kind: FaultKind
    numbers: Sequence[int]
    message: Callable[[int], str]
    short: Callable[[int], str]
    fact: Callable[[int], Any] = lambda number: None


def in_lines(groups: Iterable[Faults], total: int) -> Iterator[tuple[str, ImageFault]]:
    """(key, message) pairs: one per fault, or one per kind where a kind has more than five."""
    for faults in groups:
        number = len(faults.numbers)
        if number > _SHOWN:
            yield faults.key, ImageFault(_line_of_kind(faults, total), number, total)
            continue
        for image in faults.numbers:
            yield faults.key, ImageFault(faults.message(image), 1, total)


def image_faults(options: Any, experiment: Experiment) -> list[ImageFault]:
    """What the checks of a dataset, and of those inside of it, say about single images."""
    check = option_capability(options, "problems")
    complaints = check(experiment) if check is not None else ()
    own = [message for _, message in complaints if isinstance(message, ImageFault)]
    inside = (image_faults(selected.options, experiment) for _, selected in inner_datasets(options))
    return own + [fault for faults in inside for fault in faults]


def can_be_skipped(faults: Sequence[ImageFault]) -> bool:
    """Whether any image is left when these are."""
    return sum(fault.number for fault in faults) < min(fault.total for fault in faults)


def _line_of_kind(faults: Faults, total: int) -> str:
    kind, number = faults.kind, len(faults.numbers)
    hint = kind.hint([faults.fact(image) for image in faults.numbers])
    first = ", ".join(faults.short(image) for image in faults.numbers[:_SHOWN])
    return (
        f"{number} of {total} {kind.many}: {first} and {number - _SHOWN} more; {hint or kind.cure}"
    )
