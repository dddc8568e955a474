"""The tables of what backends take, in ``docs/how-to/upscale-and-evaluate.md``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from writers.lists import ROOT, filled

_PAGE = "docs/how-to/upscale-and-evaluate.md"
_START, _END = "<!-- backends: written by docs/generate.py -->\n", "<!-- end -->"
_NAMES = {"spandrel": "spandrel, plain PyTorch"}


def backends() -> dict[Path, str]:
    """The page with the tables of today."""
    return {ROOT / _PAGE: filled(_PAGE, "".join(_tables()), _START, _END)}


def _tables() -> Iterator[str]:
    content = json.loads((ROOT / "benchmarks/results/published_backends.json").read_text("utf-8"))
    for name, rows in content["results"].items():
        loss = rows.get("loss", {})
        yield f"| {name} | time | largest difference | Set5 |\n|---|---|---|---|\n"
        for way, row in rows.items():
            if way not in ("loss", "stopped"):
                yield f"| {_NAMES.get(way, way)} | {_cells(row, loss.get(way))} |\n"
        yield "\n"
        if "stopped" in rows:
            yield f"{name} was stopped {rows['stopped']}.\n\n"


def _cells(row: dict[str, Any], loss: float | None) -> str:
    levels = row["max"]
    quality = "" if loss is None else f"{loss:.3f} dB"
    apart = f"{levels} level" + "s" * (levels != 1)
    return f"{row['ratio_to_plain']:.3f}x | {apart} | {quality}"
