"""Dataset ``images``: images from wherever sources read them, paired by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.datasets.downscaled import DownscaledImages
from srcore.datasets.pairs import PairedImages
from srcore.errors import DataError
from srcore.images import some
from srcore.sources.cache import cached
from srcore.sources.checked import checked_source
from srcore.sources.folder import FolderSource
from srcore.sources.source import ImageSource, Selection

if TYPE_CHECKING:
    from srcore.options import Selected


def images_dataset(
    *,
    scale: int,
    hr: Selected,
    lr: Selected | None = None,
    downscale: str = "matlab",
    cache: str = "none",
    cache_folder: Path | None = None,
    channels: int = 3,
    **crops: Any,
) -> PairedImages | DownscaledImages:
    """Dataset of one or two sources.

        [data.train]
        type = "images"
        hr = { type = "folder", path = "DIV2K/HR" }
        lr = { type = "lmdb", path = "DIV2K_x4.lmdb" }
        hr_patch_size = 128

    The arguments are the keys of :class:`srcore.datasets.options.SourcedOptions`.

    Raises:
        DataError: a source that cannot be opened, images without partner.
    """
    hr_source = checked_source(hr.build())
    hr_images = cached(hr_source, cache, cache_folder, channels=channels)
    crops |= {"scale": scale, "channels": channels}
    if lr is None:
        return DownscaledImages(hr_images, downscale=downscale, **crops)
    lr_images = cached(
        partners(hr_source, checked_source(lr.build())), cache, cache_folder, channels=channels
    )
    return PairedImages(hr_images, lr_images, **crops)


def partners(hr: ImageSource, lr: ImageSource) -> ImageSource:
    """The images of ``lr`` in the order of ``hr``, found by name.

    Raises:
        DataError: images without partner.
    """
    pairs = _parts(hr, lr)
    order, missing, start = [], [], 0
    for hr_part, lr_part in pairs:
        numbers = {lr_part.name(index): start + index for index in range(len(lr_part))}
        names = [hr_part.name(index) for index in range(len(hr_part))]
        missing += [name for name in names if name not in numbers]
        order += [numbers[name] for name in names if name in numbers]
        start += len(lr_part)
    if missing:
        raise DataError(f"lr has no partner for {len(missing)} images: {some(missing)}")
    return lr if order == list(range(len(lr))) else Selection(lr, order)


def _parts(hr: ImageSource, lr: ImageSource) -> list[tuple[ImageSource, ImageSource]]:
    """What is paired: folder with folder where both are folders, else all with all."""
    if not (isinstance(hr, FolderSource) and isinstance(lr, FolderSource)):
        return [(hr, lr)]
    if len(hr.parts) != len(lr.parts):
        counts = f"{len(hr.parts)} folders of hr, {len(lr.parts)} of lr"
        raise DataError(
            f"expected as many folders of lr as of hr, in the same order; found {counts}"
        )
    return list(zip(hr.parts, lr.parts, strict=True))
