"""Dataset ``paired_folder``: two folders of images, paired by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srcore.datasets.options import PairedFolderOptions
from srcore.datasets.pairs import PairedImages
from srcore.images import Folders
from srcore.options.declaration import defaults
from srcore.scanning.lists import paired_lists
from srcore.sources.cache import cached
from srcore.sources.folder import FileSource

_DEFAULT = defaults(PairedFolderOptions)


class PairedFolder(PairedImages):
    """High- and low-resolution images of two folders.

        [data.train]
        type = "paired_folder"
        hr = "DIV2K_train_HR"
        lr = "DIV2K_train_LR_bicubic/X4"
        lr_name = "{}x4"
        hr_patch_size = 128

    The arguments are the keys of :class:`srcore.datasets.options.PairedFolderOptions`; ``crops``
    are those of :class:`srcore.datasets.aligned.AlignedImages`.

    Raises:
        DataError: no images, or images without partner.

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "hr", 2)
    >>> _ = srcore.testing.write_tiny_images(folder / "lr", 2)
    >>> dataset = PairedFolder(scale=1, hr=folder / "hr", lr=folder / "lr")
    >>> sorted(dataset.sample(0, None))
    ['hr', 'lr']
    """

    def __init__(
        self,
        *,
        scale: int,
        hr: Folders,
        lr: Folders,
        lr_name: str = _DEFAULT.lr_name,
        meta_info: Path | None = _DEFAULT.meta_info,
        recursive: bool = _DEFAULT.recursive,
        cache: str = _DEFAULT.cache,
        cache_folder: Path | None = _DEFAULT.cache_folder,
        channels: int = _DEFAULT.channels,
        **crops: Any,
    ) -> None:
        hr_files, lr_files = paired_lists(hr, lr, lr_name, meta_info, recursive=recursive)
        super().__init__(
            cached(FileSource(hr_files), cache, cache_folder, channels=channels),
            cached(FileSource(lr_files), cache, cache_folder, channels=channels),
            scale=scale,
            channels=channels,
            **crops,
        )
