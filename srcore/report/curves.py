"""Charts as paths of an SVG: thinned, smoothed where noisy, with the numbers of their axes.

Paths live in a square of 1000 x 1000 that the page stretches over the chart; strokes keep their
width, and labels are text of the page, so that a chart is as readable on a phone as on a desk.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.report.reading import Curve, RunRecord
from srcore.report.scales import Axis, iteration_axis, number, value_axis
from srcore.runs.folder import TRAINING_PHASE

#: Side of the square that paths live in.
SIDE = 1000
#: How many colors the style sheet has.
COLORS = 8
_POINTS = 500  # of a drawn line, at most
_SMOOTH_FROM = 40  # points from which a noisy term gets a moving average


@attrs.frozen
class Line:
    """One curve of a chart.

    Attributes:
        label: in the legend.
        color: number of a color of the style sheet.
        path: what is read: the values, or their moving average.
        faint: the values themselves where ``path`` is an average, else empty.
        points: iteration, value and position (x, y in the square) of what ``path`` draws.
    """

    label: str
    color: int
    path: str
    faint: str
    points: tuple[tuple[int, float, float, float], ...]


@attrs.frozen
class Baseline:
    """A horizontal line, such as what bicubic enlargement reaches."""

    label: str
    value: str
    share: float


@attrs.frozen
class Chart:
    """A chart, ready to be put on the page; ``others`` are paths of lines without a name."""

    title: str
    subtitle: str
    x: Axis
    y: Axis
    lines: tuple[Line, ...]
    baselines: tuple[Baseline, ...]
    notes: tuple[str, ...]
    summary: str
    legend: bool = False
    others: tuple[str, ...] = ()


def validation_charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """One chart per validation set and metric, with a line for bicubic enlargement."""
    names = dict.fromkeys(
        (s.phase, s.name) for run in runs for s in run.series if s.phase != TRAINING_PHASE
    )
    charts = []
    for phase, name in names:
        lines = _lines_of(runs, phase, name)
        below = {run.bicubic.get(phase, {}).get(name) for run in runs} - {None}
        baseline = [("bicubic", value) for value in sorted(v for v in below if v is not None)]
        chart = _chart(name, phase, lines, baseline, allow_log=False, smooth=False)
        charts.append(attrs.evolve(chart, legend=len(runs) > 1))
    return charts


def training_charts(runs: Sequence[RunRecord]) -> list[Chart]:
    """One chart per loss term, then gradient norms and learning rates.

    Names with a slash, such as ``learning_rate/generator``, share a chart if there is one run.
    """
    names = dict.fromkeys(s.name for run in runs for s in run.series if s.phase == TRAINING_PHASE)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("/")[0] if len(runs) == 1 else name, []).append(name)
    order = sorted(groups, key=lambda group: _group_order(group))
    charts = []
    for group in order:
        lines = [
            (label if len(runs) > 1 else _without_group(name), series, color)
            for name in groups[group]
            for label, series, color in _lines_of(runs, TRAINING_PHASE, name)
        ]
        if len(runs) == 1:
            lines = [(label, series, i) for i, (label, series, _) in enumerate(lines)]
        title = group.replace("_", " ") if "/" in groups[group][0] else group
        is_measured = not group.startswith("learning_rate")  # as opposed to set by a schedule
        chart = _chart(title, "", lines, [], allow_log=is_measured, smooth=is_measured)
        charts.append(attrs.evolve(chart, legend=len(runs) > 1 or len(lines) > 1))
    return charts


def moving_average(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centered mean over a fortieth of the values, ``(N,)``; windows shrink at both ends."""
    half = max(1, len(values) // 80)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    place = np.arange(len(values))
    reach = np.minimum(half, np.minimum(place, len(values) - 1 - place))
    return np.asarray((sums[place + reach + 1] - sums[place - reach]) / (2 * reach + 1))


def thin(values: NDArray[np.float64], limit: int = _POINTS) -> NDArray[np.int64]:
    """Indices of at most ``limit`` points: ends, and the extremes of equal pieces between them.

    Values are ``(count,)``, indices ``(kept,)``.
    """
    count = len(values)
    if count <= limit:
        return np.arange(count)
    edges = np.linspace(0, count, (limit - 2) // 2 + 1).astype(np.int64)
    kept = {0, count - 1}
    for start, stop in pairwise(edges.tolist()):
        piece = values[start:stop]
        kept |= {int(start + piece.argmin()), int(start + piece.argmax())}
    return np.asarray(sorted(kept))


def _group_order(group: str) -> int:
    """Losses first; what is set, not found, last."""
    return next((i for i, p in ((1, "gradient_norm"), (2, "learning_rate")) if p in group), 0)


def _without_group(name: str) -> str:
    return name.partition("/")[2] or name


def _lines_of(runs: Sequence[RunRecord], phase: str, name: str) -> list[tuple[str, Curve, int]]:
    """The line of every run that has it; a run keeps its color in all charts."""
    return [
        (run.label, series, index)
        for index, run in enumerate(runs)
        for series in run.series
        if (series.phase, series.name) == (phase, name)
    ]


def _chart(
    title: str,
    subtitle: str,
    lines: Sequence[tuple[str, Curve, int]],
    baselines: Sequence[tuple[str, float]],
    *,
    allow_log: bool,
    smooth: bool,
) -> Chart:
    everything = np.concatenate([series.values for _, series, _ in lines])
    shown = [value for _, value in baselines if np.isfinite(value)]
    y = value_axis(np.append(everything, shown), allow_log=allow_log)
    first = min(int(series.iterations[0]) for _, series, _ in lines)
    x = iteration_axis(first, max(int(series.iterations[-1]) for _, series, _ in lines))
    drawn = tuple(_curve_path(label, series, c, x, y, smooth=smooth) for label, series, c in lines)
    notes = []
    if any(line.faint for line in drawn):
        notes.append("moving average, single values faint")
    if y.log:
        notes.append("logarithmic")
    dropped = sum(series.dropped for _, series, _ in lines)
    if dropped:
        notes.append(f"{dropped} values were not finite and are left out")
    summary = "; ".join(
        f"{label}: {number(s.values[0])} at iteration {s.iterations[0]}, "
        f"{number(s.values[-1])} at {s.iterations[-1]}"
        for label, s, _ in lines
    )
    levels = tuple(
        Baseline(label, f"{value:.5g}", float(y.share(np.asarray([value]))[0]))
        for label, value in baselines
        if np.isfinite(value)
    )
    return Chart(title, subtitle, x, y, drawn, levels, tuple(notes), summary)


def _curve_path(label: str, series: Curve, color: int, x: Axis, y: Axis, *, smooth: bool) -> Line:
    values, faint = series.values, ""
    if smooth and len(values) >= _SMOOTH_FROM:
        kept = thin(values)
        faint = _path(*_places(series.iterations[kept], values[kept], x, y))
        values = moving_average(values)
    kept = thin(values)
    across, down = _places(series.iterations[kept], values[kept], x, y)
    points = zip(series.iterations[kept].tolist(), values[kept].tolist(), across, down, strict=True)
    return Line(label, color % COLORS, _path(across, down), faint, tuple(points))


def _places(
    iterations: NDArray[np.int64], values: NDArray[np.float64], x: Axis, y: Axis
) -> tuple[list[float], list[float]]:
    """Positions in the square, whose y axis points down."""
    across = x.share(iterations.astype(np.float64)) * SIDE
    down = (1 - y.share(values)) * SIDE
    return np.round(across, 1).tolist(), np.round(down, 1).tolist()


def _path(across: Sequence[float], down: Sequence[float]) -> str:
    pairs = [f"{a:g} {d:g}" for a, d in zip(across, down, strict=True)]
    if len(pairs) == 1:  # a dot: a line of no length with round ends
        pairs *= 2
    return "M" + "L".join(pairs)
