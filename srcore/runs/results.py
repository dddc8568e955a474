"""What a run prints at its end."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srcore.files.atomic import writing
from srcore.files.strict_json import dumps
from srcore.files.text_tables import aligned
from srcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from srcore.engine.run import Run

_HEADER = ("set", "metric", "bicubic", "trained", "gain")


def results_table(runs: Sequence[Run]) -> str:
    """A table of what every stage reached, beside bicubic enlargement.

    Values follow the protocol of the experiment's metrics; by default luma (Y of BT.601, 16..235)
    of 8-bit images without a border of ``scale`` pixels.
    """
    return "\n".join(line for run in runs for line in _result_rows(run))


def _result_rows(run: Run) -> Iterator[str]:
    validation = run.results.get("validation", {})
    rows = [_HEADER] if validation else []
    for name, values in validation.items():
        baseline = run.results.get("bicubic", {}).get(name, {})
        for label, value in values.items():
            below = baseline.get(label)
            known = below is not None
            rows.append(
                (
                    name,
                    label,
                    _value_in_file(below) if known else "-",
                    _value_in_file(value),
                    f"{value - below:+.4f}" if known and _are_finite(value, below) else "-",
                )
            )
    yield f"{run.folder}"
    yield from (f"  {line}" for line in aligned(rows, left=2))
    for key, result in run.results.items():
        if key not in ("validation", "bicubic"):
            yield f"  {key}: {result}"


def write_bicubic(folder: Path, averages: Mapping[str, Mapping[str, float]]) -> None:
    """Write down what bicubic enlargement reaches, for reports of runs that go on."""
    with writing(RunFolder(folder).bicubic) as temporary:
        temporary.write_text(dumps(averages, indent=2) + "\n", "utf-8")


def _are_finite(*values: float | None) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)


def _value_in_file(value: float | None) -> str:
    """A value; files keep one that is infinite, such as the PSNR of equal images, as null."""
    return f"{value:.4f}" if value is not None and _are_finite(value) else "inf"
