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
from srcore.scanning.index import Kept, ScanIndex, index_file
from srcore.scanning.policy import current_policy
from srcore.scanning.stamps import NO_FILE
from srcore.scanning.workers import Chunks, Workers, workers

logger = logging.getLogger("srcore")

#: Fewer headers are read in a moment and not worth a file.
_WORTH_KEEPING = 2_000
#: Images that are asked for, read and kept together.
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
        self._known = Kept.nothing(len(names))
        self._policy = current_policy()

    def done(self, index: ScanIndex | None) -> ScannedImages:
        with workers(self._folder, len(self._names)) as those:
            unread: Sequence[int] = range(len(self._names))
            if index is not None:
                unread = self._take_kept(index.kept(self._names), those)
            asked = self._sampled(unread)
            chunks = _in_chunks(asked)
            with self._policy.progress(len(asked)) as step:
                for numbers, facts in zip(chunks, those.read(self._named(chunks)), strict=True):
                    self._take(numbers, facts)
                    if index is not None:
                        self._keep(index, numbers, facts)
                    step(len(numbers))
        is_news = bool(asked) or not self._known.is_list
        if index is not None and is_news and len(asked) == len(unread):
            index.keep_list(self._names, self._known)
        count = len(self._names) - len(unread) + len(asked)
        faults = {
            number: whole_fault(fault, self._folder / self._names[number])
            for number, fault in self._known.faults.items()
        }
        file_bytes = np.maximum(self._known.stamps[:, 1], NO_FILE[1])
        return ScannedImages(self._known.sizes, faults, count, file_bytes)

    def _take_kept(self, kept: Kept, those: Workers) -> list[int]:
        """Take what the index knows; return the numbers of the other images."""
        chunks = _in_chunks(range(len(self._names)))
        stamps = np.concatenate(list(those.stamps(self._named(chunks))))
        is_known = (stamps == kept.stamps).all(axis=1)
        faults = {number: it for number, it in kept.faults.items() if is_known[number]}
        self._known = Kept(stamps, kept.sizes * is_known[:, None], faults, kept.is_list)
        return [int(number) for number in np.flatnonzero(~is_known)]

    def _keep(self, index: ScanIndex, numbers: Sequence[int], facts: Sequence[Facts]) -> None:
        names = (os.fsencode(self._names[number]) for number in numbers)
        stamps = ((time, size) for time, size in self._known.stamps[numbers].tolist())
        index.keep(zip(names, stamps, facts, strict=True))

    def _sampled(self, unread: Sequence[int]) -> Sequence[int]:
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

    def _take(self, numbers: Sequence[int], facts: Sequence[Facts]) -> None:
        self._known.sizes[numbers] = [(it.height, it.width) for it in facts]
        self._known.faults.update(
            (number, it.fault) for number, it in zip(numbers, facts, strict=True) if it.fault
        )

    def _named(self, chunks: Sequence[Sequence[int]]) -> Chunks:
        return [[self._names[number] for number in numbers] for numbers in chunks]


def _in_chunks(numbers: Sequence[int]) -> list[Sequence[int]]:
    return [numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK)]
