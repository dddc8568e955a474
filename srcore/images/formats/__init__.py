"""The formats that are read and written; :class:`srcore.images.format.ImageFormat` is a format."""

from __future__ import annotations

from functools import cache

from srcore.images.format import ImageFormat, WritableFormat
from srcore.images.formats.avif import Avif
from srcore.images.formats.bmp import Bmp
from srcore.images.formats.gif import Gif
from srcore.images.formats.heif import Heif
from srcore.images.formats.jpeg import Jpeg
from srcore.images.formats.png import Png
from srcore.images.formats.pnm import Pnm
from srcore.images.formats.tiff import Tiff
from srcore.images.formats.webp import Webp

#: In the order in which they are asked whether they recognize a file.
FORMATS: tuple[ImageFormat, ...] = (
    Png(), Jpeg(), Webp(), Tiff(), Avif(), Heif(), Gif(), Bmp(), Pnm(),
)  # fmt: skip

#: Bytes of a file that :meth:`ImageFormat.recognizes` wants to see.
START_BYTES = 64


def recognized(start: bytes) -> ImageFormat | None:
    """The format of a file that begins with these bytes; None if there is none."""
    return next((it for it in FORMATS if it.recognizes(start)), None)


def of_suffix(suffix: str) -> ImageFormat | None:
    """The format of files with a suffix, of which the case does not matter."""
    suffix = suffix.lower()
    return next((it for it in FORMATS if suffix in it.suffixes), None)


@cache
def read_suffixes() -> frozenset[str]:
    """Suffixes of all files that are read, lower case."""
    return frozenset(suffix for it in FORMATS for suffix in it.suffixes)


@cache
def format_names() -> dict[str, str]:
    """Names of formats -> suffix of their files; ``jpg`` is a name of JPEG, ``tif`` of TIFF."""
    written = [it for it in FORMATS if isinstance(it, WritableFormat)]
    names = {it.name.lower(): it.suffixes[0] for it in written}
    return names | {it.suffixes[0].removeprefix("."): it.suffixes[0] for it in written}


def written_suffixes() -> list[str]:
    """Suffixes of files that can be written, sorted."""
    return sorted(
        suffix for it in FORMATS if isinstance(it, WritableFormat) for suffix in it.suffixes
    )
