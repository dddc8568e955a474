"""Images of another source in gray, or with their alpha channel."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import attrs
import numpy as np

from srcore.capabilities import RGBA, capability
from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.images import ImageArray, ImageHeader, to_gray, to_rgba
from srcore.sources.source import ImageSource


@runtime_checkable
class StoredSource(Protocol):
    """A source that can tell what its files hold beside colors."""

    def read_stored(self, index: int) -> ImageArray:
        """The image ``(H, W, C)`` with the channels of its file.

        Raises:
            DataError: the image cannot be read.
        """
        ...


def given_channels(source: ImageSource) -> int:
    """Channels of what a source reads: RGB where it does not say others."""
    return int(capability("source", source, "channels"))


def with_channels(source: ImageSource, channels: int) -> ImageSource:
    """The source, its images in gray (1), RGB (3, as they are) or RGB with alpha (4).

    Raises:
        DataError: alpha of images from a source that cannot tell it.
    """
    if channels == given_channels(source):
        return source
    if channels == 1:
        return _Gray(source)
    if not isinstance(source, StoredSource):
        raise DataError(
            f"channels = {channels} needs images as they are stored; {type(source).__name__} "
            "gives colors only: it has no read_stored()"
        )
    return _WithAlpha(source, source)


class _Converted:
    """What is the same as in the source."""

    channels: int

    def __init__(self, source: ImageSource) -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        """Name of the image in its source."""
        return self._source.name(index)

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return self._source.where(index)

    def header(self, index: int) -> ImageHeader:
        """Size and depth."""
        return attrs.evolve(self._source.header(index), channels=self.channels)


class _Gray(_Converted):
    """The luma of the colors."""

    channels = 1

    def read(self, index: int) -> ImageArray:
        """The image ``(H, W, 1)``."""
        return to_gray(self._source.read(index))

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part of it."""
        return to_gray(self._source.read_window(index, window))


class _WithAlpha(_Converted):
    """Colors and alpha; images without alpha are opaque."""

    channels = RGBA

    def __init__(self, source: ImageSource, stored: StoredSource) -> None:
        super().__init__(source)
        self._stored = stored

    def read(self, index: int) -> ImageArray:
        """The image ``(H, W, 4)``."""
        return to_rgba(self._stored.read_stored(index))

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part of it; the whole file is decoded."""
        return np.ascontiguousarray(window.cut(self.read(index)))
