"""Where the images of a dataset come from: a numbered series of RGB arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import attrs

from srcore.data.cropping import Window
from srcore.images import (
    ImageArray,
    ImageHeader,
    Metadata,
    names_of,
    read_header,
    read_rgb,
    read_window,
)


class ImageSource(Protocol):
    """A numbered series of images."""

    def __len__(self) -> int: ...

    def name(self, index: int) -> str:
        """What tells the image from the others: the stem of its file, with folders if needed."""
        ...

    def where(self, index: int) -> str:
        """What an error about the image names: its path."""
        ...

    def header(self, index: int) -> ImageHeader:
        """Size and depth, without decoding. Raises DataError."""
        ...

    def read(self, index: int) -> ImageArray:
        """The image, RGB ``(H, W, 3)``, uint8 or uint16; not to be written to. Raises DataError."""
        ...

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part of the image, perhaps without decoding the rest. Raises DataError."""
        ...


class FileSource:
    """Image files.

    Args:
        paths: the files, in the order of their numbers.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)
        self._names: list[str] | None = None
        self._headers: dict[int, ImageHeader] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Stem of the file, with its folder if the files are in several."""
        if self._names is None:
            self._names = names_of(self.paths)
        return self._names[index]

    def where(self, index: int) -> str:
        """Path of the file."""
        return str(self.paths[index])

    def header(self, index: int) -> ImageHeader:
        """Size and depth, without decoding; read once."""
        header = self._headers.get(index)
        if header is None:
            # Colour profiles and EXIF data are no use here and may be large.
            header = attrs.evolve(read_header(self.paths[index]), metadata=Metadata())
            self._headers[index] = header
        return header

    def read(self, index: int) -> ImageArray:
        """Decode the file to RGB."""
        return read_rgb(self.paths[index])

    def read_window(self, index: int, window: Window) -> ImageArray:
        """Decode the file as far as the window needs it."""
        return read_window(self.paths[index], window)
