"""Dataset ``unpaired_folders``: real low-resolution images and unrelated high-resolution ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.data.cropping import draw_orientation, draw_window, oriented
from srcore.datasets.aligned import AlignedImages
from srcore.datasets.options import UnpairedFoldersOptions
from srcore.options.declaration import defaults
from srcore.scanning.lists import image_lists
from srcore.sources.cache import cached
from srcore.sources.folder import FolderSource

if TYPE_CHECKING:
    import numpy as np

    from srcore.contracts import Sample
    from srcore.images import Folders, ImageArray

_DEFAULT = defaults(UnpairedFoldersOptions)


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

    The arguments are the keys of :class:`srcore.datasets.options.UnpairedFoldersOptions`; ``crops``
    are those of :class:`srcore.datasets.aligned.AlignedImages`.

    Raises:
        DataError: no images.

    >>> import pathlib, tempfile, numpy as np, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> _ = srcore.testing.write_tiny_images(folder / "phone", 3)
    >>> dataset = UnpairedFolders(scale=2, hr=folder / "hr", lr=folder / "phone", hr_patch_size=16)
    >>> sample = dataset.sample(2, np.random.default_rng(1))
    >>> len(dataset), sample["lr"].shape, sample["hr"].shape
    (3, (8, 8, 3), (16, 16, 3))
    """

    def __init__(
        self,
        *,
        scale: int,
        hr: Folders,
        lr: Folders,
        recursive: bool = _DEFAULT.recursive,
        cache: str = _DEFAULT.cache,
        cache_folder: Path | None = _DEFAULT.cache_folder,
        channels: int = _DEFAULT.channels,
        **crops: Any,
    ) -> None:
        size = crops.get("hr_patch_size")
        self._hr, self._lr = (
            _SingleImages(
                cached(
                    FolderSource(image_lists(folders, None, recursive=recursive)),
                    cache,
                    cache_folder,
                    channels=channels,
                ),
                scale=multiple,
                channels=channels,
                **crops | {"hr_patch_size": side},
            )
            for folders, multiple, side in ((hr, scale, size), (lr, 1, size and size // scale))
        )

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
        if generator is None:
            hr_index = index % len(self._hr)
        else:
            hr_index = int(generator.integers(len(self._hr)))
        return {
            "hr": self._hr.part(hr_index, generator),
            "lr": self._lr.part(index, generator),
        }


class _SingleImages(AlignedImages):
    """Images that are cropped and laid by themselves."""

    def part(self, index: int, generator: np.random.Generator | None) -> ImageArray:
        """A crop, or the image cut to a multiple of the scale."""
        header, scale = self._hr.header(index), self._scale
        height, width = (side - side % scale for side in (header.height, header.width))
        size = self._patch_size and self._patch_size * scale
        window = draw_window(height, width, size, generator, self._hr.where(index))
        orientation = draw_orientation(generator, flip=self._flip, rotate=self._rotate)
        return oriented(self._hr.read_window(index, window), orientation)
