"""Dataset ``hr_folder``: a folder of high-resolution images; lr is made on the fly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srcore.datasets.downscaled import DownscaledImages
from srcore.datasets.options import HrFolderOptions
from srcore.images import Folders
from srcore.options.declaration import defaults
from srcore.scanning.lists import image_lists
from srcore.sources.cache import cached
from srcore.sources.folder import FolderSource

_DEFAULT = defaults(HrFolderOptions)


class HrFolder(DownscaledImages):
    """High-resolution images of a folder.

        [data.train]
        type = "hr_folder"
        hr = "photographs"
        hr_patch_size = 96
        downscale = "matlab"

    The arguments are the keys of :class:`srcore.datasets.options.HrFolderOptions`; ``crops`` are
    those of :class:`srcore.datasets.aligned.AlignedImages`.

    Raises:
        DataError: no images.

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> dataset = HrFolder(scale=4, hr=folder / "hr")
    >>> sample = dataset.sample(0, None)
    >>> len(dataset), sample["lr"].shape, sample["hr"].shape
    (2, (12, 12, 3), (48, 48, 3))
    """

    def __init__(
        self,
        *,
        scale: int,
        hr: Folders,
        downscale: str = _DEFAULT.downscale,
        blur_sigma: float = _DEFAULT.blur_sigma,
        blur_size: int = _DEFAULT.blur_size,
        meta_info: Path | None = _DEFAULT.meta_info,
        recursive: bool = _DEFAULT.recursive,
        cache: str = _DEFAULT.cache,
        cache_folder: Path | None = _DEFAULT.cache_folder,
        channels: int = _DEFAULT.channels,
        **crops: Any,
    ) -> None:
        source = FolderSource(image_lists(hr, meta_info, recursive=recursive))
        super().__init__(
            cached(source, cache, cache_folder, channels=channels),
            scale=scale,
            downscale=downscale,
            blur_sigma=blur_sigma,
            blur_size=blur_size,
            channels=channels,
            **crops,
        )
