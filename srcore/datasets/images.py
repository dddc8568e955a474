"""Dataset ``images``: images from wherever sources read them, paired by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.capabilities import capability
from srcore.datasets.downscaled import DownscaledImages
from srcore.datasets.options import SourcedOptions
from srcore.datasets.pairs import PairedImages
from srcore.options.declaration import defaults
from srcore.sources.cache import cached
from srcore.sources.checked import checked_source
from srcore.sources.partners import partners

if TYPE_CHECKING:
    from srcore.options import Selected

_DEFAULT = defaults(SourcedOptions)


def images_dataset(
    *,
    scale: int,
    hr: Selected,
    lr: Selected | None = _DEFAULT.lr,
    downscale: str = _DEFAULT.downscale,
    cache: str = _DEFAULT.cache,
    cache_folder: Path | None = _DEFAULT.cache_folder,
    channels: int = _DEFAULT.channels,
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

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> source = {"type": "folder", "path": folder / "hr"}
    >>> dataset = srcore.build("dataset", "images", scale=2, hr=source)
    >>> dataset.sample(0, None)["lr"].shape
    (24, 24, 3)
    """
    hr_source = checked_source(hr.build())
    hr_images = cached(hr_source, cache, cache_folder, channels=channels)
    crops |= {"scale": scale, "channels": channels}
    dataset: PairedImages | DownscaledImages
    if lr is None:
        dataset = DownscaledImages(hr_images, downscale=downscale, **crops)
    else:
        lr_source = partners(hr_source, checked_source(lr.build()))
        lr_images = cached(lr_source, cache, cache_folder, channels=channels)
        dataset = PairedImages(hr_images, lr_images, **crops)
    dataset.order = capability("source", hr_source, "order")
    return dataset
