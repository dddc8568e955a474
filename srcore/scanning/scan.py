"""Sizes of the images of a folder: from the index where it knows them, else from their headers."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from srcore.files.alone import alone
from srcore.scanning.facts import Facts, ScannedImages, whole_fault
from srcore.scanning.index import NO_FILE, ScanIndex, Stamp, index_file
from srcore.scanning.policy import current_policy
from srcore.scanning.workers import Chunks, Workers, workers

logger = logging.getLogger("srcore")

#: Fewer headers are read in a moment and not worth a file.
_WORTH_KEEPING = 2_000
#: Names that are looked up, read and kept together.
_CHUNK = 2_048


def scan(folder: Path, names: Sequence[str]) -> ScannedImages:
    """What the headers of a folder's images say.

    Many are kept in an index and read again only where a file's time or size has changed. A scan
    that is interrupted goes on where it was; of several processes that need it one scans.

    Args:
        folder: of the images.
        names: their paths below it, with ``/``.
    """
    if len(names) < _WORTH_KEEPING:
        return _Scan(folder, names).done(None)
    file = index_file(folder)
    try:
        with (
            alone(file, lambda: logger.info("%s: another process scans it; waiting", folder)),
            closing(ScanIndex(file)) as index,
        ):
            return _Scan(folder, names).done(index)
    except (sqlite3.Error, OSError) as error:
        logger.warning("%s: its scan cannot be kept: %s", folder, error)
        if type(error) is sqlite3.DatabaseError:  # damaged
            file.unlink(missing_ok=True)
        return _Scan(folder, names).done(None)


class _Scan:
    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._names = list(names)  # unpacked, for as long as this takes
        self._sizes = np.zeros((len(names), 2), np.int32)
        self._file_bytes = np.full(len(names), NO_FILE[1], np.int64)
        self._faults: dict[int, str] = {}
        self._policy = current_policy()

    def done(self, index: ScanIndex | None) -> ScannedImages:
        file = None if index is None else index.file
        with workers(self._folder, file, len(self._names)) as those:
            unread = self._unread(those, has_index=index is not None)
            asked = self._sampled(sorted(unread))
            chunks = _in_chunks(asked)
            with self._policy.progress(len(asked)) as step:
                for numbers, facts in zip(chunks, those.read(self._named(chunks)), strict=True):
                    self._take(numbers, facts)
                    if index is not None:
                        names = (os.fsencode(self._names[number]) for number in numbers)
                        stamps = (unread[number] for number in numbers)
                        index.keep(zip(names, stamps, facts, strict=True))
                    step(len(numbers))
        known = len(self._names) - len(unread)
        return ScannedImages(self._sizes, self._faults, known + len(asked), self._file_bytes)

    def _unread(self, those: Workers, *, has_index: bool) -> dict[int, Stamp]:
        """Take what the index knows; return the numbers of the other images with their stamps."""
        if not has_index:
            return dict.fromkeys(range(len(self._names)), NO_FILE)
        # In the order of the index, so that every chunk is a stretch of it.
        chunks = _in_chunks(_in_order_of_bytes(self._names))
        unread: dict[int, Stamp] = {}
        for numbers, known in zip(chunks, those.look_up(self._named(chunks)), strict=True):
            self._sizes[numbers] = known.sizes
            self._file_bytes[numbers] = known.file_bytes
            unread.update((numbers[place], stamp) for place, stamp in known.unread)
            for place, fault in known.faults:
                self._take_fault(numbers[place], fault)
        return unread

    def _sampled(self, unread: list[int]) -> list[int]:
        """All, or of too many an even part: of two lists of pairs the same numbers."""
        sample = self._policy.sample
        # A folder of which only a part was read before, in this block, is not read to its end.
        if sample is None or (len(unread) <= sample and self._folder not in self._policy.notes):
            return unread
        step = -(-len(self._names) // sample)
        asked = [number for number in unread if number % step == 0]
        left = f"{len(unread) - len(asked):,} of {len(self._names):,} headers were not read"
        self._policy.notes[self._folder] = f"{self._folder}: {left}"
        return asked

    def _take(self, numbers: list[int], facts: list[Facts]) -> None:
        self._sizes[numbers] = [(it.height, it.width) for it in facts]
        for number, it in zip(numbers, facts, strict=True):
            if it.fault:
                self._take_fault(number, it.fault)

    def _take_fault(self, number: int, fault: str) -> None:
        self._faults[number] = whole_fault(fault, self._folder / self._names[number])

    def _named(self, chunks: list[list[int]]) -> Chunks:
        return [[self._names[number] for number in numbers] for numbers in chunks]


def _in_order_of_bytes(names: list[str]) -> list[int]:
    keys: list[str] | list[bytes] = names
    if not "".join(names).isascii():
        keys = [os.fsencode(name) for name in names]
    if keys == sorted(keys):  # as most lists are; much quicker then
        return list(range(len(names)))
    return sorted(range(len(names)), key=keys.__getitem__)


def _in_chunks(numbers: list[int]) -> list[list[int]]:
    return [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
