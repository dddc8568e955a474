"""Where the images of a dataset come from: a numbered series of RGB arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import attrs

from srcore.data.cropping import Window
from srcore.images import (
    ImageArray,
    ImageHeader,
    Metadata,
    decode_header,
    decode_image,
    decode_window,
    names_of,
    read_header,
    read_rgb,
    read_window,
    to_rgb,
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


class FolderSource(FileSource):
    """Image files of one or several folders; partners are found folder by folder.

    Args:
        folders: files of every folder.
    """

    def __init__(self, folders: Sequence[Sequence[Path]]) -> None:
        super().__init__([path for paths in folders for path in paths])
        self.parts = [FileSource(paths) for paths in folders]


class EncodedSource(ABC):
    """Images that a container keeps as the content of image files: a source in two methods.

    A subclass says how many there are, what each is called, and gives its bytes.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name(self, index: int) -> str:
        """What tells the image from the others."""

    @abstractmethod
    def content(self, index: int) -> bytes:
        """The content of the image's file. Raises DataError."""

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return self.name(index)

    def header(self, index: int) -> ImageHeader:
        """Size and depth, without decoding."""
        return decode_header(self.content(index), self.where(index))

    def read(self, index: int) -> ImageArray:
        """Decode the image to RGB."""
        return to_rgb(decode_image(self.content(index), self.where(index)))

    def read_window(self, index: int, window: Window) -> ImageArray:
        """Decode the image as far as the window needs it."""
        return decode_window(self.content(index), window, self.where(index))


class Selection:
    """Some images of a source, in another order.

    Args:
        source: all images.
        numbers: those that are taken.
    """

    def __init__(self, source: ImageSource, numbers: Sequence[int]) -> None:
        self._source = source
        self._numbers = list(numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def name(self, index: int) -> str:
        """Name of the image in its source."""
        return self._source.name(self._numbers[index])

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return self._source.where(self._numbers[index])

    def header(self, index: int) -> ImageHeader:
        """Size and depth."""
        return self._source.header(self._numbers[index])

    def read(self, index: int) -> ImageArray:
        """The image."""
        return self._source.read(self._numbers[index])

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part of the image."""
        return self._source.read_window(self._numbers[index], window)
