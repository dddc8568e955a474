"""Dataset ``lmdb``: high- and low-resolution images of LMDB folders with the same keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srcore.datasets.downscaled import DownscaledImages
from srcore.datasets.options import LmdbOptions
from srcore.datasets.pairs import PairedImages
from srcore.options.declaration import defaults
from srcore.sources.cache import cached
from srcore.sources.lmdb import LmdbSource

_DEFAULT = defaults(LmdbOptions)


def lmdb_dataset(
    *,
    scale: int,
    hr: Path,
    lr: Path | None = _DEFAULT.lr,
    downscale: str = _DEFAULT.downscale,
    cache: str = _DEFAULT.cache,
    cache_folder: Path | None = _DEFAULT.cache_folder,
    channels: int = _DEFAULT.channels,
    **crops: Any,
) -> PairedImages | DownscaledImages:
    """Dataset of one or two LMDB folders.

        [data.train]
        type = "lmdb"
        hr = "DIV2K_train_HR_sub.lmdb"
        lr = "DIV2K_train_LR_bicubic_X4_sub.lmdb"
        hr_patch_size = 128

    >>> import pathlib, tempfile, srcore.testing
    >>> from srcore.prepare.lmdb import prepare_lmdb
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> _ = prepare_lmdb(folder / "hr", folder / "hr.lmdb")
    >>> dataset = lmdb_dataset(scale=2, hr=folder / "hr.lmdb")
    >>> len(dataset), sorted(dataset.sample(0, None))
    (2, ['hr', 'lr'])

    The arguments are the keys of :class:`srcore.datasets.options.LmdbOptions`; ``crops`` are those
    of :class:`srcore.datasets.aligned.AlignedImages`.

    Raises:
        DataError: not such a folder, or keys without partner.
        MissingExtraError: lmdb is not installed.
    """
    hr_source = LmdbSource(hr)
    hr_images = cached(hr_source, cache, cache_folder, channels=channels)
    if lr is None:
        return DownscaledImages(
            hr_images, scale=scale, downscale=downscale, channels=channels, **crops
        )
    lr_images = cached(LmdbSource(lr, hr_source.keys), cache, cache_folder, channels=channels)
    return PairedImages(hr_images, lr_images, scale=scale, channels=channels, **crops)
