"""Dataset ``images``: images from wherever sources read them, paired by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.data.cache import cached
from srcore.data.downscaled import DownscaledImages
from srcore.data.pairs import PairedImages
from srcore.data.sources import ImageSource, Selection
from srcore.errors import DataError
from srcore.images import some

if TYPE_CHECKING:
    from srcore.selection import Selected


def images_dataset(
    *,
    scale: int,
    hr: Selected,
    lr: Selected | None = None,
    downscale: str = "matlab",
    cache: str = "none",
    cache_folder: Path | None = None,
    **crops: Any,
) -> PairedImages | DownscaledImages:
    """Dataset of one or two sources.

        [data.train]
        type = "images"
        hr = { type = "folder", path = "DIV2K/HR" }
        lr = { type = "lmdb", path = "DIV2K_x4.lmdb" }
        hr_patch_size = 128

    The arguments are the keys of :class:`srcore.data.options.SourcedOptions`.

    Raises:
        DataError: a source that cannot be opened, images without partner.
    """
    hr_source: ImageSource = hr.build()
    hr_images = cached(hr_source, cache, cache_folder)
    if lr is None:
        return DownscaledImages(hr_images, scale=scale, downscale=downscale, **crops)
    lr_images = cached(partners(hr_source, lr.build()), cache, cache_folder)
    return PairedImages(hr_images, lr_images, scale=scale, **crops)


def partners(hr: ImageSource, lr: ImageSource) -> ImageSource:
    """The images of ``lr`` in the order of ``hr``, found by name.

    Raises:
        DataError: images without partner.
    """
    numbers = {lr.name(index): index for index in range(len(lr))}
    names = [hr.name(index) for index in range(len(hr))]
    missing = [name for name in names if name not in numbers]
    if missing:
        raise DataError(f"lr has no partner for {len(missing)} images: {some(missing)}")
    order = [numbers[name] for name in names]
    return lr if order == list(range(len(lr))) else Selection(lr, order)


def folder_source(
    *, path: Path, meta_info: Path | None = None, recursive: bool = False
) -> ImageSource:
    """Source ``folder``: see :class:`srcore.data.options.FolderSourceOptions`."""
    from srcore.data.sources import FileSource
    from srcore.images import listed_images

    return FileSource(listed_images(path, meta_info, recursive=recursive))


def lmdb_source(*, path: Path) -> ImageSource:
    """Source ``lmdb``: see :class:`srcore.data.options.LmdbSourceOptions`."""
    from srcore.data.lmdb_dataset import LmdbSource

    return LmdbSource(path)
