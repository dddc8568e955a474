"""Source ``folder``: image files, of one folder or several."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.data.cropping import Window
from srcore.images import (
    FolderFiles,
    ImageArray,
    ImageHeader,
    JoinedFiles,
    Metadata,
    names_of,
    packed,
    read_header,
    read_image,
    read_rgb,
    read_window,
)
from srcore.options.declaration import defaults
from srcore.scanning.lists import image_lists, scan_of
from srcore.scanning.policy import current_policy, scanning_by
from srcore.sources.options import FolderSourceOptions

if TYPE_CHECKING:
    from srcore.images import Folders
    from srcore.sources.source import ImageSource

_DEFAULT = defaults(FolderSourceOptions)
#: They take 0.4 KiB each, and reading one takes less than decoding its image.
_HEADERS_KEPT = 100_000


class FileSource:
    """Image files.

    Args:
        paths: the files, in the order of their numbers.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths if isinstance(paths, (FolderFiles, JoinedFiles)) else list(paths)
        self._names: Sequence[str] | None = None
        self._headers: OrderedDict[int, ImageHeader] = OrderedDict()

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Stem of the file, with its folder if the files are in several."""
        if self._names is None:
            paths = self.paths
            texts = map(os.fspath, paths) if isinstance(paths, list) else paths.texts()
            self._names = packed(names_of(texts))
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
            if len(self._headers) > _HEADERS_KEPT:
                self._headers.popitem(last=False)
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

    def __init__(self, folders: Sequence[FolderFiles]) -> None:
        super().__init__(JoinedFiles(folders))
        self._folders = folders
        self.parts = [FileSource(paths) for paths in folders]

    def sizes(self) -> NDArray[np.int32]:
        """Heights and widths ``(N, 2)``, pixels, by one scan; zeros: it cannot be read."""
        with scanning_by(attrs.evolve(current_policy(), sample=None)):
            return scan_of(self._folders).sizes


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
    return FolderSource(image_lists(path, meta_info, recursive=recursive))
