"""What is enlarged: where it lies, what it is called, and its content."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path, PurePath
from typing import BinaryIO, ClassVar

import attrs

from srcore.films.names import is_film_name
from srcore.images import ImageHeader, Origin, header_of, opened_file, read_header


class InputImage(ABC):
    """An image, or film, to be enlarged; as a text it is what messages name."""

    __slots__ = ()

    #: Whether nothing is known of it before it is fetched.
    is_far: ClassVar[bool] = False

    @property
    @abstractmethod
    def path(self) -> PurePath:
        """Of the file that it is, or would be: what results are named by."""

    @property
    @abstractmethod
    def file(self) -> Path | None:
        """The file of this machine that holds it, which no result may replace."""

    @property
    @abstractmethod
    def identity(self) -> str:
        """Equal for one image, by whatever name it was found."""

    @property
    def is_film(self) -> bool:
        """Whether it is taken for a film; films are files of this machine."""
        return False

    @abstractmethod
    def opened(self) -> AbstractContextManager[BinaryIO]:
        """Its content, open to be read.

        Raises:
            DataError: it is not there, or cannot be read.
        """

    def header(self) -> ImageHeader:
        """Size, depth and channels, without decoding.

        Raises:
            DataError: it cannot be read, or is no image.
        """
        with self.opened() as file:
            return header_of(file, str(self))[1]

    def origin(self) -> Origin:
        """What its result is known by again.

        Raises:
            DataError, OSError: it cannot be read.
        """
        with self.opened() as file:
            return Origin.of_open(file, self.path.name)


@attrs.frozen
class LocalFile(InputImage):
    """A file of this machine, or of what it has mounted.

    Attributes:
        path: where it is.
    """

    path: Path

    @property
    def file(self) -> Path:
        """Where it is: it holds itself."""
        return self.path

    @property
    def identity(self) -> str:
        """The path from the root."""
        return os.path.abspath(self.path)

    @property
    def is_film(self) -> bool:
        """By its name."""
        return is_film_name(self.path)

    def opened(self) -> AbstractContextManager[BinaryIO]:
        """Open it."""
        return opened_file(self.path)

    def header(self) -> ImageHeader:
        """By the beginning of the file."""
        return read_header(self.path)

    def origin(self) -> Origin:
        """By both ends of the file."""
        return Origin.of(self.path)

    def __str__(self) -> str:
        return str(self.path)


def as_input(source: InputImage | Path) -> InputImage:
    """An input; paths are those of files."""
    return LocalFile(source) if isinstance(source, Path) else source


def files_of_inputs(sources: Iterable[InputImage]) -> list[Path]:
    """Files of this machine that hold inputs, each once."""
    return list(dict.fromkeys(it.file for it in sources if it.file is not None))
