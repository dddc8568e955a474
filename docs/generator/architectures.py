"""What every network costs, from the file that ``benchmarks/architectures.py`` wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "architectures.json"

_HEAD = """\
# What every network costs

Networks of srcore and `srplug-spandrel`, measured by
[benchmarks/architectures.py](../../benchmarks/architectures.py) on {date} at commit `{commit}`
({processor}, one thread, torch {torch}); the values lie in
[architectures.json](../../benchmarks/results/architectures.json). Sizes are those of a shipped
experiment where one is named, else the defaults of the keys, which are not always the published
ones.

Parameters, multiply-adds (MAC), activations and convolutions are counted for an image of
{counted}x{counted} pixels and with branches merged, as the efficiency challenges of NTIRE count
them: multiplications with addition of convolutions, linear layers and matrix products; values that
convolutions put out; calls of convolutions. Their baseline, MSRResNet, has 1.517 million
parameters, 292.55 million activations and 37 convolutions there and here, 166.4 thousand million
MAC there, which count offsets and activation functions too, and 166.2 here.

Step: megabytes that a process grows by in a training step (L1, no optimizer) on one patch of that
side, on two for DAT. Time: median of five images of {timed}x{timed} pixels, processor time.
"-": not measured yet.
"permissive": what spandrel says of all its networks; others were read in the authors' repositories.

| network | paper | license | sizes | scale | parameters, M | MAC, G | activations, M | \
convolutions | patch | step, MB | time, s |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def architectures_page() -> str:
    """The page."""
    content = json.loads(RESULTS.read_text("utf-8"))
    environment = content["environment"]
    head = _HEAD.format(
        date=environment["date"][:10],
        commit=environment["commit"][:7],
        processor=environment["processor"],
        torch=environment["packages"]["torch"],
        **content["settings"],
    )
    ordered = sorted(content["results"].values(), key=lambda entry: entry["component"])
    return head + "".join(map(_row, ordered))


def _row(entry: dict[str, Any]) -> str:
    cells = (
        f"[`{entry['component']}`](components.md#network-{entry['component']})",
        entry["paper"],
        entry["license"],
        f"`{entry['sizes']}`" if entry["sizes"] else "defaults",
        f"x{entry['scale']}",
        f"{entry['parameters'] / 1e6:.3f}",
        f"{entry['multiply_adds'] / 1e9:.1f}",
        f"{entry['activations'] / 1e6:.1f}",
        str(entry["convolutions"]),
        str(entry.get("patch", "-")),
        str(entry.get("step_megabytes", "-")),
        f"{entry['seconds']:.2f}" if "seconds" in entry else "-",
    )
    return f"| {' | '.join(cells)} |\n"
