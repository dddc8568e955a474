"""Dataset ``unpaired_folders``: real low-resolution images and unrelated high-resolution ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.data.cropping import draw_orientation, draw_window, finish
from srcore.datasets.padding import padded
from srcore.images import files_in
from srcore.sources.cache import cached
from srcore.sources.folder import FolderSource

if TYPE_CHECKING:
    import numpy as np

    from srcore.contracts import Sample
    from srcore.images import Folders, ImageArray
    from srcore.sources.source import ImageSource


class UnpairedFolders:
    """Images of two folders without relation (USR-DU, DSGAN and other unsupervised methods).

    An index is a low-resolution image; the high-resolution image is drawn uniformly. ``lr`` is a
    crop of ``hr_patch_size / scale`` pixels, laid independently of ``hr``. Without generator both
    images are whole and the high-resolution one has the same number, counted round.

        [data.train]
        type = "unpaired_folders"
        hr = "clean"
        lr = "phone"
        hr_patch_size = 256

    The arguments are the keys of :class:`srcore.datasets.options.UnpairedFoldersOptions`.

    Raises:
        DataError: no images.
    """

    def __init__(
        self,
        *,
        scale: int,
        hr: Folders,
        lr: Folders,
        recursive: bool = False,
        hr_patch_size: int | None = None,
        flip: bool = True,
        rotate: bool = True,
        min_size: str = "error",
        cache: str = "none",
        cache_folder: Path | None = None,
        channels: int = 3,
    ) -> None:
        self._scale = scale
        files = [FolderSource(files_in(folders, None, recursive=recursive)) for folders in (hr, lr)]
        self._hr, self._lr = (
            padded(cached(source, cache, cache_folder, channels=channels), size, min_size,
                   multiple=multiple, mirror="reflect")
            for source, size, multiple in zip(
                files, (hr_patch_size, hr_patch_size and hr_patch_size // scale), (scale, 1),
                strict=True,
            )
        )  # fmt: skip
        self._hr_patch_size = hr_patch_size
        self._flip = flip
        self._rotate = rotate

    def __len__(self) -> int:
        return len(self._lr)

    def name(self, index: int) -> str:
        """Name of the low-resolution file."""
        return self._lr.name(index)

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read ``lr`` and some ``hr``.

        Raises:
            DataError: an unreadable file, or an image smaller than the crop.
        """
        size = self._hr_patch_size
        if generator is None:
            hr_index = index % len(self._hr)
        else:
            hr_index = int(generator.integers(len(self._hr)))
        return {
            "hr": self._part(self._hr, hr_index, size, self._scale, generator),
            "lr": self._part(self._lr, index, size and size // self._scale, 1, generator),
        }

    def _part(
        self,
        source: ImageSource,
        index: int,
        size: int | None,
        multiple: int,
        generator: np.random.Generator | None,
    ) -> ImageArray:
        """A crop, or the image cut to a multiple of ``multiple`` pixels."""
        header = source.header(index)
        height, width = (side - side % multiple for side in (header.height, header.width))
        window = draw_window(height, width, size, generator, source.where(index))
        orientation = draw_orientation(generator, flip=self._flip, rotate=self._rotate)
        return finish(source.read_window(index, window), orientation)
