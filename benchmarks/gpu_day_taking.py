"""Turns what ``gpu_day.py`` wrote on a GPU into the committed result.

python benchmarks/gpu_day_taking.py SOURCE[@COMMIT][:STEP,STEP...] ...

A source is a folder that ``--out`` named or an earlier result, in the order of time: a step that
ran again replaces the earlier one, and one that did not run replaces nothing; after a colon stand
the steps that are taken. COMMIT is that of the tree, where it was a copy that does not know it.
Every step tells its device, date and commit. Times keep median, quartiles and minimum, output only
its end, and only where a step did not end well; places on the machine are left out.
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
    """Merge the sources and write ``results/gpu_day.json``."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sources", nargs="+", metavar="SOURCE[@COMMIT][:STEP,...]")
    options = parser.parse_args()
    content = merged([read(source) for source in options.sources])
    path = RESULTS / "gpu_day.json"
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    for step in content["steps"]:
        print(f"{step['name']:12} {step['state']:20} {step['seconds']:6.1f} s  {step['device']}")


def read(source: str) -> list[dict[str, Any]]:
    """The steps of a source that are taken, each with device, date and commit."""
    place, _, wanted = source.partition(":")
    place, _, commit = place.partition("@")
    path = Path(place)
    day = json.loads((path / "gpu_day.json" if path.is_dir() else path).read_text("utf-8"))
    if day.get("is_rehearsal"):
        raise SystemExit(f"{place}: a rehearsal on the processor is no result")
    written = [record for step in day["steps"] for record in environments(step)]
    devices = [one["device"] for one in written if one.get("device", "cpu") != "cpu"]
    general = {
        "device": next(iter(devices), day.get("device", "cpu")),
        "date": max((record["date"] for record in written), default=day.get("date", ""))[:10],
        "commit": commit or next((one["commit"][:7] for one in written if one["commit"]), ""),
    }
    steps = [general | shortened(step) for step in day["steps"] if step["state"] != "not run"]
    return [step for step in steps if not wanted or step["name"] in wanted.split(",")]


def merged(days: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The result of several days, each of the steps that are taken of it."""
    ran = {step["name"]: step for day in days for step in day}
    steps = [ran[step.name] for step in STEPS if step.name in ran]
    commits: dict[str, list[str]] = {}
    for step in steps:
        commits.setdefault(step["commit"], []).append(step["name"])
    return {
        "benchmark": "gpu_day",
        "date": max(step["date"] for step in steps),
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
            key: trimmed(part)
            for key, part in value.items()
            if not (key == "values" and "median" in value)
        }
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
