"""The index of a folder: facts of its images by name, in a SQLite file of the user's cache.

    images(name, modified, bytes, height, width, bits, channels, fault)

``modified`` (nanoseconds) and ``bytes`` are those of the file when its header was read; facts of a
file that has others now are not used. Names are relative to the folder, with ``/``. Deleting an
index loses nothing but the time of another scan. Names are bytes: not all are UTF-8.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from srcore.files.user_cache import cached_about
from srcore.scanning.facts import Facts

#: Counted up when facts are read in another way, so that older ones are read again.
_VERSION = 1
#: Time and bytes of a file, by which a change is noticed.
Stamp = tuple[int, int]
#: Of a file that is not there.
NO_FILE: Stamp = (0, -1)
#: Stamp, height, width and fault.
IndexRow = tuple[int, int, int, int, str]
#: A file that was written so shortly before its header was read may be written again within the
#: same tick of the file system's clock.
_TICK = 2_000_000_000
#: Seconds that are waited for a process that writes.
_PATIENCE = 60
_TABLE = """
create table if not exists images(
    name blob primary key, modified integer, bytes integer,
    height integer, width integer, bits integer, channels integer, fault text
) without rowid
"""


def index_file(folder: Path) -> Path:
    """Where the index of a folder lies."""
    return cached_about(folder, "scans", ".sqlite")


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

    def rows(self, names: Sequence[bytes]) -> list[IndexRow | None]:
        """What is kept of some images, in their order; None of those that are unknown.

        Args:
            names: in the order of their bytes.
        """
        rows = self._database.execute(
            "select name, modified, bytes, height, width, fault from images "
            "where name between ? and ? order by name",
            (names[0], names[-1]),
        ).fetchall()
        if [row[0] for row in rows] == list(names):
            return [row[1:] for row in rows]
        known = {row[0]: row[1:] for row in rows}
        return [known.get(name) for name in names]

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
                    database.execute(_TABLE)
                    database.execute(f"pragma user_version = {_VERSION}")
        except BaseException:
            database.close()
            raise
        return database
