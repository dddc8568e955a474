"""Decoded images kept, so that an epoch does not decode what an earlier one has decoded."""

from __future__ import annotations

import hashlib
import io
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srcore.capabilities import RGB, RGBA
from srcore.data.cropping import Window
from srcore.errors import DataError
from srcore.files.atomic import write_bytes
from srcore.files.user_cache import user_cache
from srcore.images import ImageArray, ImageHeader
from srcore.sources.channels import given_channels, with_channels
from srcore.sources.folder import FileSource
from srcore.sources.source import ImageSource


def cached(
    source: ImageSource, how: str, folder: Path | None = None, *, channels: int = RGB
) -> ImageSource:
    """A source that keeps decoded images: ``how`` is ``"none"``, ``"memory"`` or ``"disk"``.

    Args:
        source: where they come from.
        how: see above.
        folder: of ``"disk"``; None: :func:`default_folder`.
        channels: of the images: 1 gray, 3 RGB, 4 RGB and alpha. Alpha is kept with the colors; of
            gray images colors are kept, so that runs on either share what is kept.

    Raises:
        DataError: ``"disk"`` of images that are not files, or alpha of a source without it.
    """
    files = source
    if channels == RGBA:
        source = with_channels(source, RGBA)
    if how == "memory":
        source = MemoryCache(source)
    elif how == "disk":
        if not isinstance(files, FileSource):
            raise DataError('cache = "disk" keeps image files; use "memory" with LMDB and shards')
        source = DiskCache(source, files.paths, folder or default_folder())
    return with_channels(source, channels)


def default_folder() -> Path:
    """``srcore/images`` in the user's cache folder (``$XDG_CACHE_HOME`` or ``~/.cache``)."""
    return user_cache("images")


class _Keeper:
    """What all caches pass on to the source they keep."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self.channels = given_channels(source)

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        """Stem of the image's file."""
        return self._source.name(index)

    def where(self, index: int) -> str:
        """What an error about the image names."""
        return self._source.where(index)

    def header(self, index: int) -> ImageHeader:
        """Size and depth, without decoding."""
        return self._source.header(index)


class MemoryCache(_Keeper):
    """Keeps decoded images in one anonymous mapping, reserved from the headers.

    Forked DataLoader workers share the mapping: what one of them decodes, all of them have, in
    this and later epochs, and memory is used once. Pages are taken when first written. Two workers
    that decode the same image write the same bytes. Workers that are spawned start empty.
    """

    def __init__(self, source: ImageSource) -> None:
        super().__init__(source)
        self._headers = [self._header_if_readable(index) for index in range(len(source))]
        sizes = [self._bytes_of(header) if header else 0 for header in self._headers]
        self._starts = np.cumsum([0, *sizes])
        self._reserve()

    def read(self, index: int) -> ImageArray:
        """The kept image ``(H, W, C)``, read-only, decoded now if nobody has."""
        header = self._headers[index]
        if header is None:
            return self._source.read(index)  # raises the error that its header had
        slot = self._slot(index, header)
        if not self._filled[index]:
            image = self._source.read(index)
            if image.shape != slot.shape or image.dtype != slot.dtype:
                return image  # the file changed since its header was read
            slot[...] = image
            self._filled[index] = 1
        slot.flags.writeable = False
        return slot

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part ``(h, w, C)`` of the kept image."""
        return window.cut(self.read(index))

    def header(self, index: int) -> ImageHeader:
        """Size and depth, read once."""
        return self._headers[index] or self._source.header(index)

    def _reserve(self) -> None:
        self._pixels = mmap.mmap(-1, max(1, int(self._starts[-1])))
        self._filled = mmap.mmap(-1, max(1, len(self._source)))

    def _slot(self, index: int, header: ImageHeader) -> ImageArray:
        shape = (header.height, header.width, self.channels)
        dtype = np.uint16 if header.bits == 16 else np.uint8
        start = int(self._starts[index])
        slot: ImageArray = np.ndarray(shape, dtype, buffer=self._pixels, offset=start)
        return slot

    def _bytes_of(self, header: ImageHeader) -> int:
        size = header.height * header.width * self.channels * (header.bits // 8)
        return size + size % 2  # so that uint16 images start at even addresses

    def _header_if_readable(self, index: int) -> ImageHeader | None:
        # Whoever asks for the pixels hears of a bad file; then a policy may skip it.
        try:
            return self._source.header(index)
        except DataError:
            return None

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_pixels"], state["_filled"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reserve()


class DiskCache(_Keeper):
    """Keeps decoded images as ``.npy`` files, of which a crop reads its rows.

    A file's name follows from path, size and time of the image, so that a changed image is decoded
    again. Delete the folder to free the space.

    Args:
        source: the images.
        paths: their files.
        folder: where they are kept.
    """

    def __init__(self, source: ImageSource, paths: Sequence[Path], folder: Path) -> None:
        super().__init__(source)
        self._paths = paths
        self._folder = folder
        self._files: dict[int, tuple[Path, ImageHeader]] = {}

    def header(self, index: int) -> ImageHeader:
        """Size and depth, read once."""
        return self._file(index)[1]

    def read(self, index: int) -> ImageArray:
        """The kept image ``(H, W, C)``, decoded and written now if it is not there."""
        header = self._file(index)[1]
        return self.read_window(index, Window(0, 0, header.height, header.width))

    def read_window(self, index: int, window: Window) -> ImageArray:
        """A part ``(h, w, C)`` of the kept image; only its rows are read.

        Raises:
            DataError: the image cannot be read, or the kept file is not its cache.
        """
        kept, header = self._file(index)
        if not kept.is_file():
            self._write(kept, self._source.read(index))
        dtype = np.dtype(np.uint16 if header.bits == 16 else np.uint8)
        row = header.width * self.channels
        pixels = header.height * row * dtype.itemsize
        try:
            # The pixels are the end of a .npy file.
            start = kept.stat().st_size - pixels + window.top * row * dtype.itemsize
            rows = np.fromfile(kept, dtype, window.height * row, offset=start)
            image: ImageArray = rows.reshape(window.height, header.width, self.channels)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{kept}: not the cache of {self.where(index)}; delete it: {error}"
            ) from error
        return image[:, window.left : window.right]

    def _file(self, index: int) -> tuple[Path, ImageHeader]:
        file = self._files.get(index)
        if file is None:
            file = self._files[index] = self._path(index), self._source.header(index)
        return file

    def _path(self, index: int) -> Path:
        path = self._paths[index].absolute()
        try:
            state = path.stat()
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
        identity = f"{path}\0{state.st_size}\0{state.st_mtime_ns}"
        if self.channels != RGB:
            identity += f"\0{self.channels}"
        digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return self._folder / digest[:2] / f"{digest}.npy"

    @staticmethod
    def _write(path: Path, image: ImageArray) -> None:
        buffer = io.BytesIO()
        np.save(buffer, image)
        write_bytes(path, buffer.getvalue(), durable=False)
