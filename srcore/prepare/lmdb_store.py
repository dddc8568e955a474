"""An LMDB database that is filled, and the ledger of what is in it.

The ledger is written after the database, so that what it names is stored, whatever ended the
process that stored it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from srcore.files.ledger import JobLedger
from srcore.sources.lmdb import encoded_key

#: Images that are stored together, and bytes that are enough for it.
_TOGETHER, _MANY_BYTES = 64, 64 << 20
#: Address space of a database at first, bytes; it is doubled when it is full.
_FIRST_ROOM = 64 << 20

#: Time and size of a file.
Stamp = tuple[int, int]


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file; None if it is not there."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size


@attrs.frozen
class StoredEntry:
    """An image that is stored.

    Attributes:
        key: as text.
        stamp: of its file before it was read.
        shape: height, width, channels.
    """

    key: str
    stamp: Stamp
    shape: tuple[int, ...]

    @property
    def line(self) -> str:
        """Its line in the list of the folder."""
        height, width, channels = self.shape
        return f"{self.key}.png ({height},{width},{channels}) 1\n"


@contextmanager
def opened_store(lmdb: Any, folder: Path, ledger: Path) -> Iterator[Store]:
    """The store of a folder, which is made if needed.

    Args:
        lmdb: the package.
        folder: of the database.
        ledger: its file.
    """
    data = folder / "data.mdb"
    room = max(_FIRST_ROOM, data.stat().st_size if data.exists() else 0)
    with lmdb.open(str(folder), map_size=room) as environment:
        yield Store(lmdb, environment, JobLedger(ledger))


@attrs.define
class Store:
    """The database of :func:`opened_store`."""

    lmdb: Any
    environment: Any
    ledger: JobLedger
    _waiting: list[tuple[StoredEntry, bytes]] = attrs.field(factory=list, init=False)
    _bytes: int = attrs.field(default=0, init=False)

    @property
    def longest_key(self) -> int:
        """Bytes that a key may have."""
        return int(self.environment.max_key_size())

    def known(self) -> dict[str, StoredEntry]:
        """What earlier jobs have stored, by key."""
        noted: dict[str, StoredEntry] = {}
        for key, stamp, shape in self.ledger.entries():
            noted[key] = StoredEntry(key, tuple(stamp), tuple(shape))
        with self.environment.begin() as transaction:
            return {
                key: entry
                for key, entry in noted.items()
                if transaction.get(encoded_key(key)) is not None
            }

    def add(self, entry: StoredEntry, content: bytes) -> None:
        """Store an image, with others that come soon after."""
        self._waiting.append((entry, content))
        self._bytes += len(content)
        if len(self._waiting) >= _TOGETHER or self._bytes >= _MANY_BYTES:
            self.flush()

    def flush(self) -> None:
        """Store what waits."""
        self._write([(encoded_key(entry.key), content) for entry, content in self._waiting])
        self.ledger.note([entry.key, entry.stamp, entry.shape] for entry, _ in self._waiting)
        self._waiting, self._bytes = [], 0

    def end(self, keys: Iterable[str]) -> None:
        """Store what waits, and delete what belongs to files that are gone or unreadable now.

        Args:
            keys: of all that shall be there.
        """
        self.flush()
        wanted = {encoded_key(key) for key in keys}
        if self.environment.stat()["entries"] == len(wanted):
            return
        with self.environment.begin() as transaction:
            there = map(bytes, transaction.cursor().iternext(values=False))
            others = [key for key in there if key not in wanted]
        self._write([(key, None) for key in others])

    def _write(self, changes: Sequence[tuple[bytes, bytes | None]]) -> None:
        while True:
            try:
                with self.environment.begin(write=True) as transaction:
                    for key, content in changes:
                        if content is None:
                            transaction.delete(key)
                        else:
                            transaction.put(key, content)
                return
            except self.lmdb.MapFullError:
                self.environment.set_mapsize(2 * self.environment.info()["map_size"])
