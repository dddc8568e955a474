"""Source ``folder``: image files, of one folder or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from srcore.data.cropping import Window
from srcore.images import (
    ImageArray,
    ImageHeader,
    Metadata,
    files_in,
    names_of,
    read_header,
    read_image,
    read_rgb,
    read_window,
)
from srcore.options.declaration import defaults
from srcore.sources.options import FolderSourceOptions

if TYPE_CHECKING:
    from srcore.images import Folders
    from srcore.sources.source import ImageSource

_DEFAULT = defaults(FolderSourceOptions)


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
            # Color profiles and EXIF data are no use here and may be large.
            header = attrs.evolve(read_header(self.paths[index]), metadata=Metadata())
            self._headers[index] = header
        return header

    def read(self, index: int) -> ImageArray:
        """Decode the file to RGB ``(H, W, 3)``."""
        return read_rgb(self.paths[index])

    def read_stored(self, index: int) -> ImageArray:
        """The image ``(H, W, C)`` with the channels of its file."""
        return read_image(self.paths[index])

    def read_window(self, index: int, window: Window) -> ImageArray:
        """Decode the file as far as the window ``(h, w, 3)`` needs it."""
        return read_window(self.paths[index], window)


class FolderSource(FileSource):
    """Image files of one or several folders; partners are found folder by folder.

    Args:
        folders: files of every folder.
    """

    def __init__(self, folders: Sequence[Sequence[Path]]) -> None:
        super().__init__([path for paths in folders for path in paths])
        self.parts = [FileSource(paths) for paths in folders]


def folder_source(
    *,
    path: Folders,
    meta_info: Path | None = _DEFAULT.meta_info,
    recursive: bool = _DEFAULT.recursive,
) -> ImageSource:
    """Source ``folder``: see :class:`srcore.sources.options.FolderSourceOptions`.

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> source = folder_source(path=folder / "hr")
    >>> len(source), source.name(0), source.read(0).shape
    (2, '00', (48, 48, 3))
    """
    return FolderSource(files_in(path, meta_info, recursive=recursive))
