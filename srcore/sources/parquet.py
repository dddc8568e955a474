"""Source ``parquet``: images in columns of Parquet files (layout of Hugging Face)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.images import folders_of, natural_key
from srcore.messages import shown
from srcore.options.declaration import defaults
from srcore.shards.local_order import local_order
from srcore.shards.parquet_groups import ParquetGroups
from srcore.sources.options import ParquetSourceOptions
from srcore.sources.source import ImageSource
from srcore.sources.tar import TarSource

if TYPE_CHECKING:
    from srcore.images import Folders

_DEFAULT = defaults(ParquetSourceOptions)


class ParquetSource(TarSource):
    """Images of a column of all files, in the order of their rows.

    Names are those of the files with the number of the row: ``train-00000-of-00012/000123``.

    Args:
        groups: the files.
        column: of the images.
        window: groups of rows that :meth:`order` shuffles together.
    """

    def __init__(self, groups: ParquetGroups, column: str, window: int) -> None:
        self._groups = groups.groups
        super().__init__(groups, column, window)

    def order(self, epoch: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """Every image once ``(N,)``; neighbors are in few groups of rows."""
        return local_order(self._groups, self._window, generator)


def parquet_source(
    *,
    path: Folders,
    files: str = _DEFAULT.files,
    column: str = _DEFAULT.column,
    window: int = _DEFAULT.window,
) -> ImageSource:
    """Source ``parquet``: see :class:`srcore.sources.options.ParquetSourceOptions`.

    Raises:
        DataError: no files, or one that cannot be read.

    >>> import pathlib, pyarrow, pyarrow.parquet, tempfile, srcore.testing
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> images = sorted(srcore.testing.write_tiny_images(folder / "hr", 2).iterdir())
    >>> rows = [{"image": {"bytes": it.read_bytes(), "path": it.name}} for it in images]
    >>> table = pyarrow.Table.from_pylist(rows)
    >>> pyarrow.parquet.write_table(table, folder / "train-0.parquet")
    >>> source = parquet_source(path=folder)
    >>> len(source), source.name(0), source.read(0).shape
    (2, 'train-0/000000', (48, 48, 3))
    """
    paths: list[Path] = []
    for folder in folders_of(path):
        named = sorted(folder.glob(files), key=lambda file: natural_key(file.name))
        if not named:
            raise DataError(f"{folder}: no files {shown(files)}; expected Parquet files")
        paths += named
    return ParquetSource(ParquetGroups(paths, column, window), column, window)
