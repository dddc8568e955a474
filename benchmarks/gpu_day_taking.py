"""Turns what ``gpu_day.py`` wrote on a GPU into the committed result.

python benchmarks/gpu_day_taking.py FOLDER [FOLDER ...]

Folders are those that ``--out`` named, in the order of time: a step that ran again replaces the
earlier one, and one that did not run replaces nothing. Times keep median, quartiles and minimum,
output only its end, and only where a step did not end well; places on the machine are left out.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from gpu_day_steps import STEPS
from harness import RESULTS

END = 700  # characters of the output of a step that did not end well


def main() -> None:
    """Merge the folders and write ``results/gpu_day.json``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    days = [json.loads((folder / "gpu_day.json").read_text("utf-8")) for folder in options.folders]
    content = merged(days)
    path = RESULTS / "gpu_day.json"
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    for step in content["steps"]:
        print(f"{step['name']:12} {step['state']:20} {step['seconds']:6.1f} s")


def merged(days: list[dict[str, Any]]) -> dict[str, Any]:
    """The result of several days, each of a file ``gpu_day.json``."""
    if any(day["is_rehearsal"] for day in days):
        raise SystemExit("a rehearsal on the processor is no result")
    ran: dict[str, dict[str, Any]] = {}
    for day in days:
        ran |= {step["name"]: step for step in day["steps"] if step["state"] != "not run"}
    steps = [shortened(ran[step.name]) for step in STEPS if step.name in ran]
    written = [record for step in steps for record in environments(step)]
    commits: dict[str, list[str]] = {}
    for step in steps:
        for commit in sorted({record.get("commit") or "unknown" for record in environments(step)}):
            commits.setdefault(commit[:7], []).append(step["name"])
    return {
        "benchmark": "gpu_day",
        "device": next(
            (one["device"] for one in written if one.get("device", "cpu") != "cpu"), "cpu"
        ),
        "date": max((record["date"] for record in written), default="")[:10],
        "commits": {", ".join(names): commit for commit, names in commits.items()},
        "note": "lists of single values are left out",
        "steps": steps,
    }


def environments(step: dict[str, Any]) -> list[dict[str, Any]]:
    """What the scripts of a step wrote of their surroundings."""
    written = (content for content in step["results"].values() if isinstance(content, dict))
    return [content["environment"] for content in written if "environment" in content]


def shortened(step: dict[str, Any]) -> dict[str, Any]:
    """A step without what nobody reads again."""
    kept: dict[str, Any] = trimmed(step)
    kept["output"] = "" if step["state"] == "done" else kept["output"][-END:]
    return kept


def trimmed(value: Any) -> Any:
    """Nested figures to six digits, without lists of single values and places of the machine."""
    if isinstance(value, dict):
        return {
            key: trimmed(part) for key, part in value.items()
            if not (key == "values" and "median" in value)
        }  # fmt: skip
    if isinstance(value, list):
        return [trimmed(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, str):
        value = re.sub(r"Linux-\S+-with-glibc", "Linux, glibc ", value)
        return re.sub(r"(?<![\w.])/(?:[\w.+@-]+/)+", "", value)
    return value


if __name__ == "__main__":
    main()
