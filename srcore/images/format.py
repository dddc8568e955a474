"""What a file format is: one class that says how its files are recognized, read and written.

A further format is a module in ``srcore/images/formats/`` and an entry in its ``FORMATS``.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images.metadata import Metadata
from srcore.options import NoOptions, option

if TYPE_CHECKING:
    from srcore.data.cropping import Window

ImageArray = NDArray[Any]
#: Pixels to be shown or measured: ``(H, W, 3)`` in 0..255.
PictureArray = NDArray[np.uint8]
#: Of files that lose something, 1 to 100: JPEG, WebP and AVIF.
DEFAULT_QUALITY = 95
#: What errors name: the path of a file, or another word for where its content comes from.
Where = Path | str


def color_subsampling() -> Any:
    """How finely colors are kept."""
    return option(None, "resolution of colors; by default 4:2:0, in AVIF 4:4:4 from quality 90 on")


def without_loss() -> Any:
    """Whether every pixel is kept."""
    return option(False, "every pixel as it is; WebP is so at quality 100, too")


def written_quality() -> Any:
    """What a smaller file may cost."""
    return option(DEFAULT_QUALITY, "1 to 100", ge=1, le=100)


@attrs.frozen
class ImageHeader:
    """What a file says before its pixels are decoded; the decoded pixels are held to it.

    Attributes:
        height: rows, after the EXIF orientation.
        width: columns, after the EXIF orientation.
        bits: per channel of the decoded array, 8 or 16.
        channels: of the decoded array: 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha.
        orientation: EXIF orientation, 1 (upright) to 8.
        frame_count: pictures in the file; what is decoded is the first.
        metadata: color profile, EXIF, resolution and what else describes the picture.
        working: memory that decoding takes, the file aside, in sizes of the decoded array; above
            2 only for what its decoder keeps beside.
    """

    height: int
    width: int
    bits: int
    channels: int = 3
    orientation: int = 1
    frame_count: int = 1
    metadata: Metadata = attrs.field(factory=Metadata, repr=False)
    working: float = attrs.field(default=2.0, eq=False)

    @classmethod
    def of_stored(
        cls, height: int, width: int, bits: int, channels: int, orientation: int = 1, **more: Any
    ) -> ImageHeader:
        """From the sizes of the stored rows, which the orientation may turn."""
        if orientation >= 5:
            height, width = width, height
        return cls(height, width, bits, channels, orientation, **more)

    @property
    def frames(self) -> int:
        """The old name of :attr:`frame_count`."""
        text = "ImageHeader.frames is now frame_count; the old name goes away in srcore 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.frame_count

    @property
    def icc_profile(self) -> bytes | None:
        """Color profile, None if there is none (sRGB is meant)."""
        return self.metadata.icc_profile

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the decoded array."""
        return self.height, self.width, self.channels

    @property
    def stored_shape(self) -> tuple[int, int, int]:
        """Of the array before it is turned upright."""
        turned = self.orientation >= 5
        sides = (self.width, self.height) if turned else (self.height, self.width)
        return (*sides, self.channels)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the decoded array."""
        return np.dtype(np.uint16 if self.bits == 16 else np.uint8)


#: What several pictures in one file are.
SeriesKind = Literal["animation", "pages"]


@attrs.frozen
class Picture:
    """One of several pictures of a file.

    Attributes:
        image: decoded, as it is stored.
        milliseconds: how long it is shown; 0 for pages.
        orientation: EXIF orientation that is still to be applied.
    """

    image: ImageArray
    milliseconds: float = 0.0
    orientation: int = 1


@attrs.frozen(kw_only=True)
class Holds:
    """What files of a format can hold when they are written.

    Attributes:
        bits: per channel.
        channels: numbers of channels.
        largest_side: pixels.
        largest_bytes: of the pixels before they are packed; None: no limit.
        metadata: names of the fields of :class:`Metadata` that are kept.
        colors: of one picture at most; None: all that the bits make.
        half_alpha: whether pixels can be partly transparent.
        series: what several pictures in one file are; None: one picture only.
        plays: whether files say how often an animation is shown; else that is without end.
    """

    bits: tuple[int, ...] = (8,)
    channels: tuple[int, ...] = (1, 3, 4)
    largest_side: int = 2**31 - 1
    largest_bytes: int | None = None
    metadata: frozenset[str] = frozenset()
    colors: int | None = None
    half_alpha: bool = True
    series: SeriesKind | None = None
    plays: bool = True


#: Of colors beside brightness in JPEG and AVIF: whole, half the columns, half of both.
Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]


@attrs.frozen(kw_only=True)
class Writing:
    """How an image is written.

    Attributes:
        options: an object of the format's own ``options``.
        metadata: what is kept beside the pixels.
        may_overwrite: the memory of the image may be used for its conversion.
    """

    options: Any
    metadata: Metadata = attrs.field(factory=Metadata)
    may_overwrite: bool = False


class ImageFormat(ABC):
    """A file format: what it is recognized by, and what is read of it.

    What else it can do, its class says: :class:`WritableFormat`, :class:`ReadsSeries` and
    :class:`WritesSeries`.

    ``header`` and ``decode`` speak of the same picture: what ``decode`` returns has the shape and
    type that ``header`` said, or the file is refused.
    """

    #: What messages call it.
    name: ClassVar[str]
    #: Suffixes of its files, lower case; the first is the one that is written.
    suffixes: ClassVar[tuple[str, ...]]
    #: Pixels that one byte of a file can stand for at most; None: no limit is known.
    pixels_per_byte: ClassVar[int | None] = None

    @abstractmethod
    def recognizes(self, start: bytes) -> bool:
        """Whether a file that begins with these bytes (64 if it has so many) is one."""

    @abstractmethod
    def header(self, file: BinaryIO, where: Where) -> ImageHeader:
        """Read what describes the picture, not its pixels. ``file`` is at its start.

        Raises:
            DataError: damaged, or of a kind that is not read exactly; says which.
        """

    @abstractmethod
    def decode(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        """The pixels ``(H, W, C)`` as they are stored, before the orientation.

        Their shape is ``header.stored_shape``.

        ``file`` is anywhere. A picture takes twice its memory at most, so what is read of the
        file is not kept longer than it is needed.

        Raises:
            DataError: damaged or cut off.
        """

    def decode_part(
        self, file: BinaryIO, header: ImageHeader, window: Window, where: Where
    ) -> ImageArray:
        """A part of the stored pixels, ``(h, w, C)``, if that is less work than all."""
        return window.cut(self.decode(file, header, where))

    def verify(self, file: BinaryIO, header: ImageHeader, where: Where) -> ImageArray:
        """The pixels ``(H, W, C)`` as of ``decode``; finds damage for which that takes no time."""
        return self.decode(file, header, where)


class WritableFormat(ImageFormat):
    """A format that is written, too."""

    #: What can be written.
    holds: ClassVar[Holds]
    #: How: an attrs class whose fields are made with ``srcore.options.option``.
    options: ClassVar[type] = NoOptions

    @abstractmethod
    def encode(self, image: ImageArray, writing: Writing) -> bytes:
        """Content of a file; ``(H, W, C)`` has a depth and channels that ``holds`` names."""


class ReadsSeries(ImageFormat):
    """A format of which all pictures of a file are read."""

    #: What several pictures in one file are.
    series: ClassVar[SeriesKind]

    @abstractmethod
    def decode_series(
        self, data: bytes, header: ImageHeader, where: Where
    ) -> tuple[int, Iterator[Picture]]:
        """How often an animation is shown (0: for ever), and all pictures, decoded one by one.

        Raises:
            DataError: damaged, or several pictures of a kind that is not read exactly.
        """


class WritesSeries(WritableFormat):
    """A format of which files with several pictures are written; ``holds.series`` says which."""

    @abstractmethod
    def encode_series(self, pictures: Sequence[Picture], plays: int, writing: Writing) -> bytes:
        """Content of a file with several pictures; each is one that ``encode`` takes."""


def damaged(where: Where, why: object) -> DataError:
    """What to raise for content that breaks the rules of its format."""
    reason = " ".join(str(why).split())  # some decoders say it in lines
    return DataError(f"{where}: the image is damaged or truncated: {reason}")


def truncated(where: Where) -> DataError:
    """What to raise for a file whose end is missing."""
    return DataError(f"{where}: the image is truncated; copy or download it again")


def unsupported(where: Where, kind: str) -> DataError:
    """What to raise for a kind of file that nothing here reads exactly."""
    return DataError(
        f"{where}: {kind}; expected 8 or 16 bits per channel, gray or RGB, with or without alpha; "
        "convert it with another program"
    )
