"""Where the images of a dataset come from: a numbered series of RGB arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from srcore.capabilities import capability
from srcore.data.cropping import Window
from srcore.images import (
    ImageArray,
    ImageHeader,
    decode_header,
    decode_image,
    decode_window,
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
        """Size and depth, without decoding.

        Raises:
            DataError: the image cannot be read.
        """
        ...

    def read(self, index: int) -> ImageArray:
        """The image, RGB ``(H, W, 3)``, uint8 or uint16; not to be written to.

        Raises:
            DataError: the image cannot be read.
        """
        ...

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part ``(h, w, 3)``, perhaps without decoding the rest.

        Raises:
            DataError: the image cannot be read.
        """
        ...


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
        """The content of the image's file.

        Raises:
            DataError: the image cannot be read.
        """

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return self.name(index)

    def header(self, index: int) -> ImageHeader:
        """Size and depth, without decoding."""
        return decode_header(self.content(index), self.where(index))

    def read(self, index: int) -> ImageArray:
        """Decode the image to RGB ``(H, W, 3)``."""
        return to_rgb(decode_image(self.content(index), self.where(index)))

    def read_stored(self, index: int) -> ImageArray:
        """The image ``(H, W, C)`` with the channels of its file."""
        return decode_image(self.content(index), self.where(index))

    def read_window(self, index: int, window: Window) -> ImageArray:
        """Decode the image as far as the window ``(h, w, 3)`` needs it."""
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
        self.channels = int(capability("source", source, "channels"))

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
        """The image ``(H, W, 3)``."""
        return self._source.read(self._numbers[index])

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part ``(h, w, 3)`` of the image."""
        return self._source.read_window(self._numbers[index], window)
