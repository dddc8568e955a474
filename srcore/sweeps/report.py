"""The page about a sweep: curves of all trials, and what differs between them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import attrs

from srcore.files.atomic import write_bytes
from srcore.report.curves import COLORS, Chart, validation_charts
from srcore.report.facts import ABSENT
from srcore.report.page import chart_points, page_of, page_part
from srcore.report.reading import RunRecord, read_run
from srcore.runs.folder import RunFolder
from srcore.sweeps.state import SweepState, SweepTrial, best_trial, ranked
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.metric import SweepMetric

logger = logging.getLogger("srcore")

#: Words and color of the states, by state.
_STATES = {
    "complete": ("complete", "finished"),
    "pruned": ("ended early", "not-started"),
    "failed": ("failed", ""),
    "open": ("open", "not-started"),
}


@attrs.frozen
class _TrialRow:
    """A trial in the table."""

    name: str
    link: str
    value: str
    iteration: str
    texts: tuple[str, ...]
    state: str
    chip: str
    cause: str


def write_sweep_report(
    folder: SweepFolder, name: str, state: SweepState, metric: SweepMetric
) -> None:
    """Write the page; one that cannot be written never ends a sweep."""
    try:
        write_bytes(folder.report, sweep_page(folder, name, state, metric), durable=False)
    except Exception as problem:
        text = " ".join(str(problem).split()) or type(problem).__name__
        logger.warning("no report was written: %s", text)


def sweep_page(folder: SweepFolder, name: str, state: SweepState, metric: SweepMetric) -> bytes:
    """The page as the content of a file.

    Args:
        folder: of the sweep.
        name: of the experiment.
        state: all trials.
        metric: what is compared.
    """
    from markupsafe import Markup

    trials = ranked(state.trials, higher_is_better=metric.higher_is_better)
    best = best_trial(trials, higher_is_better=metric.higher_is_better)
    texts = {key: {_value_in_words(it.values.get(key)) for it in trials} for key in _keys(trials)}
    keys = [key for key, different in texts.items() if len(different) > 1]
    same = [f"{key} = {next(iter(it))}" for key, it in texts.items() if key not in keys]
    charts, colors = _charts(folder, trials, metric)
    content = page_of(
        "sweep.html.jinja",
        title=name,
        css=Markup("".join(map(page_part, ("look.css", "page.css")))),
        script=Markup(page_part("page.js")),
        facts=_facts_of_sweep(state, metric, best),
        best=folder.best.name if best is not None else "",
        charts=charts,
        points=chart_points,
        colors=colors,
        metric=str(metric),
        keys=keys,
        same=", ".join(same),
        rows=[_trial_row(folder, trial, keys) for trial in trials],
    )
    return content.encode("utf-8", "replace")


def _facts_of_sweep(
    state: SweepState, metric: SweepMetric, best: SweepTrial | None
) -> dict[str, str]:
    counts = {words: len(state.of_state(it)) for it, (words, _) in _STATES.items()}  # type: ignore[arg-type]  # its keys are the states
    known = {
        "Search": str(state.asked.get("search", "")),
        "Metric": f"{metric}, {'higher' if metric.higher_is_better else 'lower'} is better",
        "Trials": ", ".join(f"{count} {words}" for words, count in counts.items() if count),
        "Best": f"{best.name}: {best.value:.5g}" if best and best.value is not None else "",
    }
    return {name: text for name, text in known.items() if text}


def _keys(trials: Sequence[SweepTrial]) -> list[str]:
    return list(dict.fromkeys(key for trial in trials for key in trial.values))


def _value_in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _trial_row(folder: SweepFolder, trial: SweepTrial, keys: Sequence[str]) -> _TrialRow:
    words, chip = _STATES[trial.state]
    page = RunFolder(folder.trial(trial.number)).report
    return _TrialRow(
        trial.name,
        f"{trial.name}/{page.name}" if page.is_file() else "",
        ABSENT if trial.value is None else f"{trial.value:.5g}",
        ABSENT if trial.iteration is None else f"{trial.iteration:,}",
        tuple(_value_in_words(trial.values.get(key)) for key in keys),
        words,
        chip,
        trial.cause,
    )


def _charts(
    folder: SweepFolder, trials: Sequence[SweepTrial], metric: SweepMetric
) -> tuple[list[Chart], dict[str, int]]:
    """The chart of the metric, and the colors of the trials that have one: the best ones."""
    records = [it for it in (_record_of(folder, trial, metric) for trial in trials) if it]
    measured = [
        it
        for it in records
        if any((s.phase, s.name) == (metric.set_name, metric.label) for s in it.series)
    ]
    of_metric = [
        chart
        for chart in validation_charts(measured)
        if (chart.subtitle, chart.title) == (metric.set_name, metric.label)
    ]
    charts = [_with_few_names(chart) for chart in of_metric]
    return charts, {it.label: index for index, it in enumerate(measured[:COLORS])}


def _with_few_names(chart: Chart) -> Chart:
    """As many lines with color and name as there are colors; the others are faint."""
    if len(chart.lines) <= COLORS:
        return attrs.evolve(chart, legend=True)
    return attrs.evolve(
        chart,
        lines=chart.lines[:COLORS],
        others=tuple(line.path for line in chart.lines[COLORS:]),
        notes=(*chart.notes, f"the best {COLORS} in color, the others faint"),
        summary="; ".join(chart.summary.split("; ")[:COLORS]),
        legend=True,
    )


def _record_of(folder: SweepFolder, trial: SweepTrial, metric: SweepMetric) -> RunRecord | None:
    """What the judged stage of a trial left; None if it has not begun, or cannot be read."""
    run = folder.trial(trial.number)
    if not RunFolder(run).experiment.is_file():
        return None
    records = [it for it in read_run(run) if it.stage == metric.stage and it.started]
    return attrs.evolve(records[0], name=trial.name, stage="") if records else None
