"""Dataset ``hr_folder``: a folder of high-resolution images; lr is made on the fly."""

from __future__ import annotations

from pathlib import Path

from srcore.datasets.downscaled import DownscaledImages
from srcore.images import Folders, files_in
from srcore.sources.cache import cached
from srcore.sources.folder import FolderSource


class HrFolder(DownscaledImages):
    """High-resolution images of a folder.

        [data.train]
        type = "hr_folder"
        hr = "photographs"
        hr_patch_size = 96
        downscale = "matlab"

    The arguments are the keys of :class:`srcore.datasets.options.HrFolderOptions`.

    Raises:
        DataError: no images.
    """

    def __init__(
        self,
        *,
        scale: int,
        hr: Folders,
        downscale: str = "matlab",
        meta_info: Path | None = None,
        recursive: bool = False,
        hr_patch_size: int | None = None,
        flip: bool = True,
        rotate: bool = True,
        min_size: str = "error",
        cache: str = "none",
        cache_folder: Path | None = None,
        channels: int = 3,
    ) -> None:
        source = FolderSource(files_in(hr, meta_info, recursive=recursive))
        super().__init__(
            cached(source, cache, cache_folder, channels=channels),
            scale=scale,
            downscale=downscale,
            hr_patch_size=hr_patch_size,
            flip=flip,
            rotate=rotate,
            min_size=min_size,
            channels=channels,
        )
