"""What an evaluation has measured, image by image: one that was stopped goes on with it."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srcore.evaluation.measure import Measured
from srcore.evaluation.measuring_processes import ByContender
from srcore.files.ledger import JobLedger
from srcore.files.user_cache import user_cache

logger = logging.getLogger("srcore")


class MeasuredRecord:
    """Values of images, by the files that they were measured of.

    Args:
        settings: all on which values depend beside the files; others have another record.
        resume: use what is there.
    """

    def __init__(self, settings: str, *, resume: bool) -> None:
        digest = hashlib.sha256(settings.encode(errors="surrogateescape")).hexdigest()
        self.file = user_cache("evaluations") / f"{digest[:32]}.jsonl"
        self._ledger: JobLedger | None = JobLedger(self.file)
        self._known: dict[str, Any] = dict(self._ledger.entries()) if resume else {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, key: str) -> ByContender | None:
        """What was measured under a key; None if that is not known."""
        plain = self._known.get(key)
        return None if plain is None else {name: _from_plain(it) for name, it in plain.items()}

    def add(self, key: str, measured: ByContender) -> None:
        """Note what was measured, if it can be."""
        plain = {name: _as_plain(it) for name, it in measured.items()}
        if self._ledger is None or not key or None in plain.values():
            return
        try:
            self._ledger.note([[key, plain]])
        except OSError as error:
            logger.warning("%s: what was measured cannot be kept: %s", self.file, error)
            self._ledger = None

    def delete(self) -> None:
        """The evaluation is at its end."""
        self.file.unlink(missing_ok=True)


def key_of_image(about: Sequence[Any], files: Sequence[Path]) -> str:
    """What an image is known by: its files as they are now; empty if one is not there.

    Args:
        about: what else tells it from others; plain values.
        files: by path, size and time.
    """
    try:
        states = [(str(file.absolute()), file.stat()) for file in files]
    except OSError:
        return ""
    stamps = [(path, state.st_size, state.st_mtime_ns) for path, state in states]
    return hashlib.sha256(json.dumps([about, stamps]).encode()).hexdigest()[:32]


def _as_plain(measured: Measured) -> list[Any] | None:
    """As JSON has it; None where a metric of whole sets keeps something else than arrays."""
    kept = measured.collected.values()
    if not all(isinstance(it, np.ndarray) and not it.dtype.hasobject for it in kept):
        return None
    arrays = {
        name: [it.dtype.str, it.shape, base64.b64encode(it.tobytes()).decode()]
        for name, it in measured.collected.items()
    }
    return [measured.values, measured.left_out, arrays]


def _from_plain(plain: Sequence[Any]) -> Measured:
    values, left_out, arrays = plain
    collected = {
        name: np.frombuffer(base64.b64decode(data), dtype).reshape(shape)
        for name, (dtype, shape, data) in arrays.items()
    }
    return Measured(values=values, left_out=left_out, collected=collected)
