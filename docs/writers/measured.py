"""The list of result files in ``benchmarks/README.md``: commit and state of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from writers.lists import ROOT, filled

_START = "<!-- results: written by docs/generate.py -->\n"
_STATES = {True: "changed tree", False: "as committed", None: "see the file"}


def measured() -> dict[Path, str]:
    """The file with the list of today."""
    name = "benchmarks/README.md"
    head = "| file in `results/` | date | commit | state | load |\n|---|---|---|---|---|\n"
    return {ROOT / name: filled(name, head + "".join(_rows()), _START, "<!-- end -->")}


def _rows() -> Iterator[str]:
    for path in sorted((ROOT / "benchmarks/results").glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        facts = content.get("environment", {})
        commit = facts.get("commit") or "; ".join(content.get("commits", {}).values())
        cells = (
            f"`{path.name}`",
            (facts.get("date") or content.get("date", ""))[:10],
            commit[:7] if len(commit) == 40 else commit,
            _STATES[facts.get("is_modified")],
            f"{facts['load_average'][0]:.1f}" if facts.get("load_average") else "",
        )
        yield f"| {' | '.join(cells)} |\n"
