"""The index of a folder: facts of its images by name, in a SQLite file of the user's cache.

    images(name, modified, bytes, height, width, bits, channels, fault)
    lists(names, stamps, sizes, faults, number)

``modified`` (nanoseconds) and ``bytes`` are those of the file when its header was read; facts of a
file that has others now are not used. Names are relative to the folder, with ``/``. Deleting an
index loses nothing but the time of another scan. Names are bytes: not all are UTF-8.

``images`` grows while headers are read and serves lists of any images of the folder. What it says
of a whole list that was asked for is also kept as arrays, in ``lists`` under the hash of the names:
a million rows take seconds to get, arrays of them a tenth of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.files.user_cache import cached_about
from srcore.scanning.facts import Facts
from srcore.scanning.stamps import UNKNOWN, Stamp

#: Counted up when facts are read in another way, so that older ones are read again.
_VERSION = 2
#: Lists that are kept, the newest: a folder is used as a whole and by a few lists of its files.
_LISTS = 4
#: Rows that are got together.
_CHUNK = 2_048
#: A file that was written so shortly before its header was read may be written again within the
#: same tick of the file system's clock.
_TICK = 2_000_000_000
#: Seconds that are waited for a process that writes.
_PATIENCE = 60
_TABLES = (
    """
    create table if not exists images(
        name blob primary key, modified integer, bytes integer,
        height integer, width integer, bits integer, channels integer, fault text
    ) without rowid
    """,
    """
    create table if not exists lists(
        names blob primary key, stamps blob, sizes blob, faults text, number integer
    )
    """,
)


def index_file(folder: Path) -> Path:
    """Where the index of a folder lies."""
    return cached_about(folder, "scans", ".sqlite")


@attrs.frozen(eq=False)
class Kept:
    """What is kept of some images, in their order.

    Attributes:
        stamps: ``(N, 2)``, those of the files then; ``UNKNOWN`` where nothing is kept.
        sizes: ``(N, 2)``, heights and widths; zeros where nothing is kept or there was a fault.
        faults: without paths, by the numbers of the images.
        is_list: whether it was kept as a whole.
    """

    stamps: NDArray[np.int64]
    sizes: NDArray[np.int32]
    faults: dict[int, str]
    is_list: bool = False

    @classmethod
    def nothing(cls, count: int) -> Kept:
        """Of so many images."""
        return cls(np.tile(np.array(UNKNOWN), (count, 1)), np.zeros((count, 2), np.int32), {})


class ScanIndex:
    """Facts that were read before.

    Args:
        file: of the index; made if needed.

    Raises:
        OSError: its folder cannot be made.
        sqlite3.Error: it cannot be opened, and not made anew.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = self._opened(file)
        except sqlite3.OperationalError:  # locked, or not to be written
            raise
        except sqlite3.DatabaseError:  # damaged, or of another version: it is only a cache
            file.unlink(missing_ok=True)
            self._database = self._opened(file)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def kept(self, names: Sequence[str]) -> Kept:
        """What is kept of some images."""
        text = _one_text(names)
        row = self._database.execute(
            "select stamps, sizes, faults from lists where names = ?", (_hashed(text),)
        ).fetchone()
        if row is None:
            return self._by_rows(text.split(b"\0")) if names else Kept.nothing(0)
        stamps, sizes, faults = row
        return Kept(
            np.frombuffer(stamps, np.int64).reshape(-1, 2),
            np.frombuffer(sizes, np.int32).reshape(-1, 2),
            {int(number): fault for number, fault in json.loads(faults).items()},
            is_list=True,
        )

    def _by_rows(self, names: Sequence[bytes]) -> Kept:
        kept = Kept.nothing(len(names))
        order = sorted(range(len(names)), key=names.__getitem__)  # every chunk is a stretch of it
        for start in range(0, len(names), _CHUNK):
            places = order[start : start + _CHUNK]
            rows = self._database.execute(
                "select modified, bytes, height, width, fault, name from images "
                "where name between ? and ?",
                (names[places[0]], names[places[-1]]),
            )
            known = {row[-1]: row for row in rows}
            for place in places:
                if row := known.get(names[place]):
                    kept.stamps[place] = row[:2]
                    kept.sizes[place] = row[2:4]
                    if row[4]:
                        kept.faults[place] = row[4]
        return kept

    def keep_list(self, names: Sequence[str], kept: Kept) -> None:
        """Keep all that is known of the images of a list, to be had at once."""
        too_new = kept.stamps[:, 0] >= time.time_ns() - _TICK
        stamps = np.where(too_new[:, None], UNKNOWN, kept.stamps)
        key = _hashed(_one_text(names))
        with self._database:
            (newest,) = self._database.execute("select max(number) from lists").fetchone()
            number = (newest or 0) + 1
            row = key, stamps.tobytes(), kept.sizes.tobytes(), json.dumps(kept.faults), number
            self._database.execute("insert or replace into lists values(?, ?, ?, ?, ?)", row)
            self._database.execute("delete from lists where number <= ?", (number - _LISTS,))

    def keep(self, rows: Iterable[tuple[bytes, Stamp, Facts]]) -> None:
        """Keep what was read of some images: all of it, or after a failure nothing."""
        limit = time.time_ns() - _TICK
        with self._database:
            self._database.executemany(
                "insert or replace into images values(?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        name, modified, size,
                        facts.height, facts.width, facts.bits, facts.channels, facts.fault,
                    )
                    for name, (modified, size), facts in rows
                    if modified < limit
                ],
            )  # fmt: skip

    @staticmethod
    def _opened(file: Path) -> sqlite3.Connection:
        database = sqlite3.connect(file, timeout=_PATIENCE)
        try:
            (version,) = database.execute("pragma user_version").fetchone()
            if version not in (0, _VERSION):
                raise sqlite3.DatabaseError(f"version {version}")
            if not version:  # written again it would wait for the disk, and keep others waiting
                with database:
                    for table in _TABLES:
                        database.execute(table)
                    database.execute(f"pragma user_version = {_VERSION}")
        except BaseException:
            database.close()
            raise
        return database


def _one_text(names: Sequence[str]) -> bytes:
    """Names as one text: no name holds the character between them."""
    return os.fsencode("\0".join(names))


def _hashed(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()
