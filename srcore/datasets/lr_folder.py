"""Dataset ``lr_folder``: low-resolution images without a truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.datasets.options import LrFolderOptions
from srcore.images import Folders
from srcore.options.declaration import defaults
from srcore.scanning.lists import image_lists
from srcore.sources.channels import with_channels
from srcore.sources.folder import FolderSource

if TYPE_CHECKING:
    import numpy as np

    from srcore.contracts import Sample

_DEFAULT = defaults(LrFolderOptions)


class LrFolder:
    """Low-resolution images of a folder, whole.

        [data.validation.phone]
        type = "lr_folder"
        lr = "phone_photographs"

    The arguments are the keys of :class:`srcore.datasets.options.LrFolderOptions`.

    Raises:
        DataError: no images.

    >>> import pathlib, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = srcore.testing.write_tiny_images(folder / "phone", 2)
    >>> dataset = LrFolder(scale=4, lr=folder / "phone")
    >>> sorted(dataset.sample(0, None))
    ['lr']
    """

    def __init__(
        self,
        *,
        scale: int,
        lr: Folders,
        meta_info: Path | None = _DEFAULT.meta_info,
        recursive: bool = _DEFAULT.recursive,
        channels: int = _DEFAULT.channels,
    ) -> None:
        self.scale = scale
        source = FolderSource(image_lists(lr, meta_info, recursive=recursive))
        self._lr = with_channels(source, channels)

    def __len__(self) -> int:
        return len(self._lr)

    def name(self, index: int) -> str:
        """Stem of the file."""
        return self._lr.name(index)

    def sample(self, index: int, generator: np.random.Generator | None) -> Sample:
        """Read ``lr``, whole in training too.

        Raises:
            DataError: the file cannot be read.
        """
        return {"lr": self._lr.read(index)}
