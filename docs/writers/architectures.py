"""What every network costs, from the file that ``benchmarks/architectures.py`` wrote.

Licenses and published patches are no measurements: they come from where they are written down.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

from srplug_spandrel.licenses import LICENSES, UNKNOWN

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
RESULTS = BENCHMARKS / "results" / "architectures.json"
PROGRAMS = ROOT / "tests" / "stress" / "results" / "spandrel_ncnn.json"

_HEAD = """\
# What every network costs

Networks of srcore and `srplug-spandrel`, measured by
[benchmarks/architectures.py](../../benchmarks/architectures.py) on {date}
({processor}, {cores} cores shared with other work, one thread, torch {torch}); the values lie in
[architectures.json](../../benchmarks/results/architectures.json), with commit and load of each.
Sizes are those of a shipped experiment where one is named, else the defaults of the keys, which are
not always the published ones.

Parameters, multiply-adds (MAC), activations and convolutions are counted for an image of
{counted}x{counted} pixels and with branches merged, as the efficiency challenges of NTIRE count
them: multiplications with addition of convolutions, linear layers and matrix products; values that
convolutions put out; calls of convolutions. Their baseline, MSRResNet, has 1.517 million
parameters, 292.55 million activations and 37 convolutions there and here, 166.4 thousand million
MAC there, which count offsets and activation functions too, and 166.2 here.

Step: megabytes that a process grows by in a training step (L1, no optimizer) on one patch, on two
for DAT. Patch: the side of low-resolution patches that its authors trained on, as
[published_patches.py](../../benchmarks/published_patches.py) has it, from their option files where
one is named. "from memory": no such file was read. "not known": 64 was taken; "32 of 256": a
smaller side was measured, since the published one needs more memory. Time: median of five images of
{timed}x{timed} pixels, processor time, while the load was {least:.0f} to {most:.0f}.{missing}

License: of the code that spandrel has of each network, and where that is said: in a file of its
authors (`LICENSE`, `README.md`, `setup.py`), in the file that spandrel has beside the code, or in a
list of another repository. "not known": nothing was found in stored copies of its authors'
repository; spandrel says of all its networks that they are MIT, Apache-2.0 or public domain.
srcore's own networks are part of srcore.

| network | paper | license | sizes | scale | parameters, M | MAC, G | activations, M | \
convolutions | patch | according to | step, MB | time, s |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""

_PROGRAMS = """
## Programs of ncnn

Of the networks of `srplug-spandrel`, at small sizes, `srcore convert --to ncnn` wrote on {date}
([spandrel_ncnn.json](../../tests/stress/results/spandrel_ncnn.json)): {written}. It refused the
others, and said why:

| network | why there is no program |
|---|---|
"""


def architectures_page() -> str:
    """The page."""
    content = json.loads(RESULTS.read_text("utf-8"))
    environment, results = content["environment"], content["results"].values()
    loads = [entry["measured"]["load_average"][0] for entry in results if "measured" in entry]
    all_measured = all("seconds" in entry for entry in results)
    head = _HEAD.format(
        date=environment["date"][:10],
        processor=environment["processor"],
        cores=environment["cores"],
        least=min(loads),
        most=max(loads),
        missing="" if all_measured else '\n"-": not measured.',
        torch=environment["packages"]["torch"],
        **content["settings"],
    )
    patches = runpy.run_path(str(BENCHMARKS / "published_patches.py"))["PATCHES"]
    ordered = sorted(results, key=lambda entry: entry["component"])
    rows = "".join(_row(entry, patches) for entry in ordered)
    return head + rows + _programs()


def _programs() -> str:
    """Which networks can be written for ncnn."""
    content = json.loads(PROGRAMS.read_text("utf-8"))
    written, refused = content["figures"]["written"], content["figures"]["refused"]
    names = ", ".join(f"`spandrel_{name}`" for name in written)
    rows = (f"| `spandrel_{name}` | {why} |\n" for name, why in sorted(refused.items()))
    return _PROGRAMS.format(date=content["when"][:10], written=names) + "".join(rows)


def _row(entry: dict[str, Any], patches: dict[str, Any]) -> str:
    name = entry["component"].removeprefix("spandrel_")
    cells = (
        f"[`{entry['component']}`](components.md#network-{entry['component']})",
        entry["paper"],
        _license(name),
        f"`{entry['sizes']}`" if entry["sizes"] else "defaults",
        f"x{entry['scale']}",
        f"{entry['parameters'] / 1e6:.3f}",
        f"{entry['multiply_adds'] / 1e9:.1f}",
        f"{entry['activations'] / 1e6:.1f}",
        str(entry["convolutions"]),
        _patch(entry, patches[name].side),
        _linked(patches[name].source, patches[name].url),
        str(entry.get("step_megabytes", "-")),
        f"{entry['seconds']:.2f}" if "seconds" in entry else "-",
    )
    return f"| {' | '.join(cells)} |\n"


def _patch(entry: dict[str, Any], published: int) -> str:
    """The side that was measured, and the published one where it is another."""
    if "patch" not in entry:
        return "-"
    return str(published) if entry["patch"] == published else f"{entry['patch']} of {published}"


def _license(name: str) -> str:
    if name not in LICENSES:
        return "Apache-2.0"
    license, said_in, url = LICENSES[name]
    return _linked(UNKNOWN, url) if license == UNKNOWN else f"{license} ({_linked(said_in, url)})"


def _linked(text: str, url: str) -> str:
    return f"[{text}]({url})" if url else text
