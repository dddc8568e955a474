"""Images in columns of Parquet files, which are read group of rows by group of rows."""

from __future__ import annotations

import bisect
import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs

from srcore.errors import DataError, MissingExtraError
from srcore.images import Metadata, decode_header
from srcore.messages import shown, some
from srcore.shards.index_file import SUFFIX, ShardIndex
from srcore.shards.indexing import index_of
from srcore.shards.members import ShardImage


class ParquetGroups:
    """A column of Parquet files, as shards whose places are numbers of rows.

    Args:
        paths: the files.
        column: of the images.
        kept: groups of rows that each process keeps in memory.

    Attributes:
        names: of the files, as errors tell them.
        groups: number of rows of every group of all files.

    Raises:
        DataError: a file that cannot be read, or without such a column.
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, paths: Sequence[Path], column: str, kept: int) -> None:
        self.paths = list(paths)
        self.names = [str(path) for path in paths]
        self._column = column
        self._kept = kept
        self._starts = [self._starts_of(path) for path in paths]
        self.groups = [end - start for starts in self._starts for start, end in pairwise(starts)]
        self._loaded: OrderedDict[tuple[int, int], Any] = OrderedDict()

    def indexes(self) -> list[ShardIndex]:
        """The index of every file; it is made by reading all images once."""
        numbers = {path: number for number, path in enumerate(self.paths)}

        def images_of_file(path: Path) -> Iterator[ShardImage]:
            number = numbers[path]
            for row in range(self._starts[number][-1]):
                key = f"{path.stem}/{row:06}"
                try:
                    content = self.read(number, row, 0)
                    header = attrs.evolve(decode_header(content, key), metadata=Metadata())
                except DataError:  # whoever reads the image hears of it
                    yield ShardImage(key, self._column.lower(), row, 0, None)
                else:
                    yield ShardImage(key, self._column.lower(), row, 0, header)

        suffix = f".{self._column.replace('/', '_')}{SUFFIX}"
        return [index_of(path, suffix, images_of_file) for path in self.paths]

    def read(self, shard: int, offset: int, size: int) -> bytes:
        """Content of the image in row ``offset``; its size follows from the file.

        Raises:
            DataError: the file cannot be read, or has no image in this row.
        """
        starts = self._starts[shard]
        group = bisect.bisect_right(starts, offset) - 1
        cell = self._group(shard, group)[offset - starts[group]]
        if self._is_struct and cell.is_valid:
            cell = cell["bytes"]
        content: bytes | None = cell.as_py()
        if content is None:
            raise DataError(f"{self.names[shard]}: row {offset} has no image")
        return content

    def _group(self, shard: int, group: int) -> Any:
        images = self._loaded.pop((shard, group), None)
        if images is None:
            column = f"{self._column}.bytes" if self._is_struct else self._column
            with _opened_parquet(self.paths[shard]) as file:
                # No threads: a process that was forked would wait for them without end.
                images = file.read_row_group(group, columns=[column], use_threads=False).column(0)
        self._loaded[shard, group] = images
        while len(self._loaded) > self._kept:
            self._loaded.popitem(last=False)
        return images

    def _starts_of(self, path: Path) -> list[int]:
        """First row of every group, and the number of rows."""
        with _opened_parquet(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
        if self._column not in schema.names:
            raise DataError(f"{path}: no column {shown(self._column)}; it has {some(schema.names)}")
        kind = str(schema.field(self._column).type)
        if not kind.startswith(("binary", "large_binary", "struct<bytes: binary")):
            raise DataError(
                f"{path}: column {shown(self._column)}: expected image files, struct<bytes: "
                f"binary, path: string> or binary, found {kind}"
            )
        self._is_struct = kind.startswith("struct")
        starts = [0]
        for number in range(metadata.num_row_groups):
            starts.append(starts[-1] + metadata.row_group(number).num_rows)
        return starts

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_loaded": OrderedDict()}


@contextlib.contextmanager
def _opened_parquet(path: Path) -> Iterator[Any]:
    """A file of pyarrow; what goes wrong with it is one line."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("reading Parquet files", "parquet") from error
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        text = " ".join(str(error).split())
        raise DataError(f"{path}: cannot be read as a Parquet file: {text}") from error
