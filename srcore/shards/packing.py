"""Writing a shard with its index."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, cast

import attrs

from srcore.errors import DataError
from srcore.files.atomic import write_bytes, writing
from srcore.images import Metadata, decode_header, read_data
from srcore.shards.index_file import SUFFIX, index_content
from srcore.shards.members import BLOCK, ShardImage

#: Names that need more than one block, and what they then take.
_SHORT_NAME, _LONG_NAME_BYTES = 100, 3 * BLOCK


@attrs.frozen
class Sample:
    """Files of one key.

    Attributes:
        key: name of the sample, with folders.
        files: field and file of every image.
    """

    key: str
    files: tuple[tuple[str, Path], ...]

    def names(self) -> list[str]:
        """Of the members, as ``0001.hr.png``."""
        return [
            f"{self.key}{'.' if field else ''}{field}{path.suffix}" for field, path in self.files
        ]

    def size(self, sizes: Iterable[int]) -> int:
        """Bytes in a shard, of files of these sizes."""
        total = 0
        for name, size in zip(self.names(), sizes, strict=True):
            is_short = name.isascii() and len(name) <= _SHORT_NAME
            total += (BLOCK if is_short else _LONG_NAME_BYTES) + _in_blocks(size)
        return total


def write_shard(shard: Path, samples: Iterable[Sample]) -> list[str]:
    """Write a shard whole, then its index; equal files make equal shards.

    Files are copied as they are. A sample of which an image cannot be read is left out.

    Returns:
        A line for each sample that was left out.

    Raises:
        DataError: the shard cannot be written.
    """
    left_out, images = [], []
    try:
        with writing(shard) as temporary, temporary.open("wb") as file:
            stream = _Summing(file)
            with tarfile.open(
                fileobj=cast("BinaryIO", stream),
                mode="w",
                format=tarfile.PAX_FORMAT,
                encoding="utf-8",
                errors="surrogateescape",
            ) as archive:
                for sample in samples:
                    try:
                        contents = [_content(field, path) for field, path in sample.files]
                    except DataError as error:
                        left_out.append(str(error))
                        continue
                    for name, (content, image) in zip(sample.names(), contents, strict=True):
                        member = tarfile.TarInfo(name)
                        member.size = len(content)
                        archive.addfile(member, io.BytesIO(content))
                        start = archive.offset - _in_blocks(len(content))
                        ending = name[len(sample.key) :]
                        images.append(
                            attrs.evolve(image, key=sample.key, offset=start, ending=ending)
                        )
                    archive.members = []  # type: ignore[attr-defined]  # it would keep all of them
        state = shard.stat()
    except OSError as error:
        raise DataError(f"{shard}: cannot be written: {error.strerror or error}") from error
    content = index_content(
        images,
        size=state.st_size,
        time=state.st_mtime_ns,
        crc=True,
        sha256=stream.digest.hexdigest(),
    )
    write_bytes(shard.with_suffix(SUFFIX), content)
    return left_out


class _Summing:
    """A file whose SHA-256 is known when it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._file.write(content)

    def tell(self) -> int:
        return self._file.tell()


def _content(field: str, path: Path) -> tuple[bytes, ShardImage]:
    content = read_data(path)
    header = attrs.evolve(decode_header(content, path), metadata=Metadata())
    return content, ShardImage("", field, 0, len(content), header, zlib.crc32(content))


def _in_blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
