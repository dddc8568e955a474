"""Files of several pictures: animations, and documents of pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import attrs
import numpy as np

from srcore.errors import DataError
from srcore.images.decoding import opened_file, upright_pixels
from srcore.images.encoding import holding, written_with
from srcore.images.format import (
    DEFAULT_QUALITY,
    Picture,
    ReadsSeries,
    SeriesKind,
    Where,
    WritesSeries,
    Writing,
)
from srcore.images.formats import FORMATS
from srcore.images.header import header_of
from srcore.images.metadata import Metadata


@attrs.frozen
class Series:
    """The pictures of a file.

    Attributes:
        kind: ``"animation"`` or ``"pages"``.
        count: of pictures, as the header says.
        plays: how often an animation is shown; 0: for ever.
        pictures: decoded one by one, upright, in the order of the file.
    """

    kind: SeriesKind
    count: int
    plays: int
    pictures: Iterator[Picture]


def read_series(path: Path) -> Series | None:
    """All pictures of a file; None if it holds one, or a kind of which only the first is read.

    Raises:
        DataError: as :func:`srcore.images.read_image`; from ``pictures`` too.
    """
    with opened_file(path) as file:
        return series_in(file, path)


def series_in(file: BinaryIO, source: Where) -> Series | None:
    """All pictures of a file that is open, as of :func:`read_series`; ``source``: for errors."""
    image_format, header = header_of(file, source)
    if not isinstance(image_format, ReadsSeries) or header.frame_count < 2:
        return None
    file.seek(0)
    plays, pictures = image_format.decode_series(file.read(), header, source)
    turned = (attrs.evolve(it, image=upright_pixels(it.image, it.orientation)) for it in pictures)
    return Series(image_format.series, header.frame_count, plays, turned)


def series_suffixes(kind: SeriesKind) -> list[str]:
    """Suffixes of files that can be written with several pictures of a kind, sorted."""
    return sorted(
        it.suffixes[0] for it in FORMATS if isinstance(it, WritesSeries) and it.holds.series == kind
    )


def encode_series(
    pictures: Sequence[Picture],
    suffix: str,
    source: Where = "series",
    *,
    plays: int = 0,
    quality: int = DEFAULT_QUALITY,
    options: Mapping[str, Any] | None = None,
    metadata: Metadata | None = None,
) -> bytes:
    """Content of a file with several pictures; its kind is that of the format.

    An alpha channel that hides nothing in any picture is left out.

    Raises:
        DataError: the format does not hold such pictures.
    """
    image_format, holds = holding(suffix, source)
    if not isinstance(image_format, WritesSeries):
        raise DataError(f"{source}: {suffix} holds one picture")
    pictures = _without_idle_alpha(pictures)
    if holds.series == "animation" and any(it.image.dtype != np.uint8 for it in pictures):
        raise DataError(f"{source}: animations in {suffix} hold 8 bits per channel only")
    if holds.series == "animation" and len({it.image.shape for it in pictures}) > 1:
        raise DataError(f"{source}: pictures of an animation have one size")
    kept = (metadata or Metadata()).within(holds.metadata)
    kept = kept.for_size(*pictures[0].image.shape[:2])
    made = written_with(image_format, quality, options, source)
    try:
        return image_format.encode_series(pictures, plays, Writing(options=made, metadata=kept))
    except (OSError, ValueError) as error:
        raise DataError(f"{source}: cannot be written as {image_format.name}: {error}") from error


def _without_idle_alpha(pictures: Sequence[Picture]) -> Sequence[Picture]:
    full = all(
        it.image.shape[-1] in (2, 4)
        and int(it.image[..., -1].min()) == int(np.iinfo(it.image.dtype).max)
        for it in pictures
    )
    return [attrs.evolve(it, image=it.image[..., :-1]) for it in pictures] if full else pictures
