"""What a run measured, as JSON lines and as CSV: one row per value, the same columns always."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from srcore.files.atomic import writing
from srcore.files.strict_json import dumps
from srcore.runs.folder import TRAINING_PHASE, RunFolder

_COLUMNS = ("iteration", "phase", "name", "value")


class Records:
    """Appends to ``metrics.jsonl`` and ``metrics.csv``.

    ``phase`` is ``train`` or the name of a validation set. Files hold no times, so that two equal
    runs write equal files; a resumed run first drops what was written after its checkpoint.
    """

    def __init__(self, folder: Path, *, keep_until: int, validated_at: int) -> None:
        self.lines = RunFolder(folder).lines
        self.rows = RunFolder(folder).rows
        kept = [
            row
            for row in read_records(self.lines)
            # What was measured at the last checkpoint, but not saved, is measured again.
            if row["iteration"] <= (keep_until if row["phase"] == TRAINING_PHASE else validated_at)
        ]
        with writing(self.lines) as temporary:
            temporary.write_text("".join(dumps(row) + "\n" for row in kept), "utf-8")
        with writing(self.rows) as temporary, temporary.open("w", newline="") as stream:
            csv.writer(stream).writerow(_COLUMNS)
            for row in kept:
                _write_rows(stream, row["iteration"], row["phase"], row["values"])

    def add(self, iteration: int, phase: str, values: Mapping[str, float]) -> None:
        """Append the values of one moment."""
        row = {"iteration": iteration, "phase": phase, "values": dict(values)}
        with self.lines.open("a", encoding="utf-8") as stream:
            stream.write(dumps(row) + "\n")
        with self.rows.open("a", newline="", encoding="utf-8") as stream:
            _write_rows(stream, iteration, phase, values)


def read_records(file: Path) -> list[dict[str, Any]]:
    """Rows of a ``metrics.jsonl``; a line that is no row (cut short by a crash) ends the list."""
    rows = []
    if file.is_file():
        for line in file.read_text("utf-8", "replace").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                break
            if not _is_row(row):
                break
            rows.append(row)
    return rows


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("iteration"), int)
        and isinstance(row.get("phase"), str)
        and isinstance(row.get("values"), dict)
        and all(isinstance(value, (int, float)) for value in row["values"].values())
    )


def _write_rows(stream: TextIO, iteration: int, phase: str, values: Mapping[str, float]) -> None:
    writer = csv.writer(stream)
    for name, value in values.items():
        writer.writerow((iteration, phase, name, "" if value is None else repr(float(value))))
