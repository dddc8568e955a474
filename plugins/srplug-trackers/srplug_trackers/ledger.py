"""What a tracker was told, in a file of the run's folder: a resumed run tells nothing twice."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import attrs

from srcore.files.atomic import write_bytes
from srplug_trackers.values import Saved


@attrs.define
class Ledger:
    """Written before and after every message, so that what a kill cut off is known.

    Attributes:
        file: where it lies.
        run: what the tracker calls the run; empty: it does not know it yet.
        is_described: whether it was told the settings.
        told: rows that it was told.
        telling: rows that it was being told when this was written; the same as ``told`` otherwise.
    """

    file: Path
    run: str = ""
    is_described: bool = False
    told: Saved = Saved()
    telling: Saved = Saved()

    @classmethod
    def read(cls, folder: Path, tracker: str, target: str) -> Ledger:
        """That of a tracker; one of another target (server, project) starts afresh."""
        digest = hashlib.sha256(target.encode()).hexdigest()[:8]
        file = folder / f"{tracker}_{digest}.json"
        try:
            table: dict[str, Any] = json.loads(file.read_text("utf-8"))
            told, telling = Saved(**table.pop("told")), Saved(**table.pop("telling"))
            return cls(file, told=told, telling=telling, **table)
        except (OSError, ValueError, TypeError, KeyError):
            return cls(file)

    def write(self, **changes: Any) -> None:
        """Change entries, and keep them through a kill."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        table = attrs.asdict(self, filter=lambda field, _: field.name != "file")
        write_bytes(self.file, json.dumps(table).encode())
