"""What headers say of images from any source, before the first iteration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from srcore.capabilities import capability
from srcore.datasets.checks import is_pair, size_misfit
from srcore.errors import DataError
from srcore.sources.partners import partners

if TYPE_CHECKING:
    from srcore.sources.source import ImageSource

_SHOWN = 5


def source_problems(
    hr: ImageSource, lr: ImageSource | None, smallest: int, scale: int
) -> Iterator[tuple[str, str]]:
    """(key, message) pairs: no images, and those that cannot be read, are too small or do not fit.

    Raises:
        DataError: images without partner.
    """
    if not len(hr):
        yield "hr", "expected images, found none"
        return
    paired = partners(hr, lr) if lr is not None else None
    faults: list[tuple[str, str]] = []
    for index in _suspects(hr, paired, smallest, scale):
        try:
            large = hr.header(index)
            if min(large.height, large.width) < smallest:
                size = f"{large.width}x{large.height} pixels (width x height)"
                faults.append(("hr", f"{hr.where(index)}: {size}; expected {smallest} or more"))
            if paired is not None:
                small = paired.header(index)
                sizes = (large.height, large.width), (small.height, small.width)
                if not is_pair(*sizes, scale):
                    faults.append(("lr", f"{paired.where(index)}: {size_misfit(*sizes, scale)}"))
        except DataError as error:
            faults.append(("hr", str(error)))
    yield from faults[:_SHOWN]
    if len(faults) > _SHOWN:
        yield "hr", f"{len(faults) - _SHOWN} more of {len(hr)} images have such faults"


def _suspects(
    hr: ImageSource, paired: ImageSource | None, smallest: int, scale: int
) -> Iterable[int]:
    """Numbers of the images to look at: all, or, where sizes are at hand, those that do not fit."""
    sources = [source for source in (hr, paired) if source is not None]
    sizes = [capability("source", source, "sizes") for source in sources]
    if None in sizes:
        return range(len(hr))
    large, *small = (of_all() for of_all in sizes)
    unfit = large.min(axis=1) < smallest
    for size in small:
        unfit |= (large // scale != size).any(axis=1)
    return (int(index) for index in unfit.nonzero()[0])
