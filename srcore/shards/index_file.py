"""The file that says where the images of a shard lie: ``shard-000000.index``.

Its first line is JSON, padded with spaces to a multiple of 64 bytes:

- ``format``: ``"srcore shard index 2"``;
- ``bytes``, ``time``: size of the shard, and when it was changed, nanoseconds of the epoch;
- ``fields``: how many images each field has; images come field by field, in the shard's order;
- ``key_bytes``, ``ending_bytes``: length of the longest key and ending;
- ``crc``: whether the column of this name is filled;
- ``sha256``: of the shard, or null.

Then come the columns (:data:`COLUMNS`), each whole, little-endian: of all images where they begin
and how many bytes they have, a hash of their keys (BLAKE2b, 8 bytes), height and width in pixels
(zeros: the image cannot be read), number of frames, CRC-32, how much memory decoding takes in
sizes of the image, bits per channel, channels and EXIF orientation; last the keys, and what follows
them in the names of the files (``.hr.png``), UTF-8, filled with zeros. Columns are mapped, not
read: a process has as much of them in memory as it has used.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError
from srcore.files.opening import leave_room_for_files
from srcore.images import ImageHeader, Metadata
from srcore.shards.members import ShardImage

COLUMNS = (
    ("offset", "<u8"),
    ("size", "<u8"),
    ("hash", "<u8"),
    ("height", "<u4"),
    ("width", "<u4"),
    ("frames", "<u4"),
    ("crc", "<u4"),
    ("working", "<f4"),
    ("bits", "u1"),
    ("channels", "u1"),
    ("orientation", "u1"),
)
SUFFIX = ".index"
_FORMAT = "srcore shard index 2"
_START = b'{"format": "srcore shard index'
_ALIGNMENT = 64
_LONGEST_LINE = 1 << 26
_UNREADABLE = ImageHeader(0, 0, 8)
#: Columns in the order of an image's header.
_OF_HEADER = ("height", "width", "bits", "channels", "orientation", "frames", "working")
_NO_METADATA = Metadata()
#: Those that other processes had open, as long as somebody uses them.
_taken_along: WeakValueDictionary[Path, ShardIndex] = WeakValueDictionary()


@attrs.frozen
class ShardFacts:
    """The first line of an index, but for the format.

    Attributes:
        bytes: size of the shard.
        time: when the shard was changed, nanoseconds.
        fields: number of images by field.
        key_bytes: length of the longest key.
        ending_bytes: of the longest ending.
        crc: whether sums of all images are known.
        sha256: of the shard, where it is known.
    """

    bytes: int
    time: int
    fields: dict[str, int]
    key_bytes: int
    ending_bytes: int
    crc: bool = False
    sha256: str | None = None

    @property
    def images(self) -> int:
        """Of all fields."""
        return sum(self.fields.values())

    @property
    def columns(self) -> list[tuple[str, np.dtype[Any]]]:
        """Name and type of every column in its place."""
        lengths = {"key": self.key_bytes, "ending": self.ending_bytes}
        kinds = [*COLUMNS, *((name, f"S{max(1, length)}") for name, length in lengths.items())]
        return [(name, np.dtype(kind)) for name, kind in kinds]


class ShardIndex:
    """An index that is open: columns ``(N,)`` of a shard's images.

    Args:
        path: of the index.
        facts: its first line.
        start: bytes before the columns.
    """

    def __init__(self, path: Path, facts: ShardFacts, start: int) -> None:
        self.path = path
        self.facts = facts
        self._start = start
        with path.open("rb") as stream:
            leave_room_for_files(stream.fileno())  # what is mapped counts as an open file
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._columns: dict[str, NDArray[Any]] = {}
        for name, kind in facts.columns:
            self._columns[name] = np.frombuffer(content, kind, facts.images, start)
            start += kind.itemsize * facts.images

    def column(self, name: str, images: slice = slice(None)) -> NDArray[Any]:
        """Values of one of :data:`COLUMNS`, of ``key`` or ``ending``; read when they are used."""
        return self._columns[name][images]

    def field(self, name: str) -> slice:
        """Numbers of the images of a field; none if the shard has no such."""
        first = 0
        for field, count in self.facts.fields.items():
            if field == name:
                return slice(first, first + count)
            first += count
        return slice(0, 0)

    def key(self, number: int) -> str:
        """Key of an image."""
        return self._text("key", number)

    def name(self, number: int) -> str:
        """Name of an image's file, with folders."""
        return self._text("key", number) + self._text("ending", number)

    def place(self, number: int) -> tuple[int, int]:
        """First byte and number of bytes of an image.

        Raises:
            DataError: they do not lie in the shard.
        """
        offset, size = int(self._columns["offset"][number]), int(self._columns["size"][number])
        if offset + size > self.facts.bytes:
            raise DataError(f"{self.path}: image {number} lies outside of the shard; delete it")
        return offset, size

    def header(self, number: int) -> ImageHeader | None:
        """What an image says of itself; None if it cannot be read."""
        values = (self._columns[name].item(number) for name in _OF_HEADER)
        height, width, bits, channels, orientation, frames, working = values
        if not height:
            return None
        return ImageHeader(
            height, width, bits, channels, orientation, frames, _NO_METADATA, working
        )

    def _text(self, column: str, number: int) -> str:
        text: bytes = self._columns[column][number]
        return text.decode("utf-8", "surrogateescape")

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.path, self.facts)


def _again(path: Path, facts: ShardFacts) -> ShardIndex:
    """The index that another process had open; here it is open once."""
    index = read_index(path)
    if index is None or index.facts != facts:
        raise DataError(f"{path}: was changed while it was used; begin again")
    known = _taken_along.setdefault(path, index)
    if known.facts != facts:
        known = _taken_along[path] = index
    return known


def index_content(
    images: Sequence[ShardImage], *, size: int, time: int, crc: bool, sha256: str | None = None
) -> bytes:
    """What the index of a shard holds.

    Args:
        images: of the shard.
        size: of the shard, bytes.
        time: when it was changed, nanoseconds.
        crc: whether the images know their sums.
        sha256: of the shard.
    """
    images = sorted(images, key=lambda image: (image.field, image.offset))
    fields: dict[str, int] = {}
    for image in images:
        fields[image.field] = fields.get(image.field, 0) + 1
    keys = [image.key.encode("utf-8", "surrogateescape") for image in images]
    endings = [image.ending.encode("utf-8", "surrogateescape") for image in images]
    longest, longest_ending = (max(map(len, texts), default=0) for texts in (keys, endings))
    facts = ShardFacts(size, time, fields, longest, longest_ending, crc, sha256)
    headers = [image.header or _UNREADABLE for image in images]
    values: dict[str, list[Any]] = {
        "offset": [image.offset for image in images],
        "size": [image.size for image in images],
        "hash": [_hash(key) for key in keys],
        "height": [header.height for header in headers],
        "width": [header.width for header in headers],
        "frames": [header.frame_count for header in headers],
        "crc": [image.crc for image in images],
        "working": [header.working for header in headers],
        "bits": [header.bits for header in headers],
        "channels": [header.channels for header in headers],
        "orientation": [header.orientation for header in headers],
        "key": keys,
        "ending": endings,
    }
    line = json.dumps({"format": _FORMAT, **attrs.asdict(facts)}).encode()
    line = line.ljust(-(-(len(line) + 1) // _ALIGNMENT) * _ALIGNMENT - 1) + b"\n"
    return line + b"".join(np.array(values[name], kind).tobytes() for name, kind in facts.columns)


def read_index(path: Path) -> ShardIndex | None:
    """The index of this name; None if there is none, or one that is damaged or another's."""
    try:
        with path.open("rb") as stream:
            line = stream.readline(_LONGEST_LINE)
            if not line.startswith(_START):
                return None
            size = stream.seek(0, 2)
        told = json.loads(line)
        if told.pop("format") != _FORMAT:
            return None
        facts = ShardFacts(**told)
        if size != len(line) + facts.images * sum(kind.itemsize for _, kind in facts.columns):
            return None
        return ShardIndex(path, facts, len(line))
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None


def may_be_replaced(path: Path) -> bool:
    """Whether no file is there, or an index, damaged ones too; other programs' files stay."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_START)) == _START
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _hash(key: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")
