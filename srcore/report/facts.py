"""What the page says in words and numbers: facts about runs, results, the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from srcore.capabilities import capability
from srcore.config.plain_tables import flat
from srcore.errors import SrcoreError
from srcore.plugin.registry import Registry
from srcore.plugin.targets import resolve
from srcore.report.reading import RunRecord

#: Names of the facts about a run, in the order of the page.
FACTS = (
    "Scale", "Task", "Generator", "Weights", "Discriminator", "Losses", "Iterations", "Batch",
    "Seed", "Date", "srcore",
    "Device", "Processes", "Precision", "Versions", "Networks", "Training images",
    "Validation images", "Speed", "Time", "Peak memory",
)  # fmt: skip
#: What a table shows where there is no number.
ABSENT = "-"
_DEFAULT_PROTOCOL = (
    "PSNR and SSIM are those of the luma (Y of BT.601, 16 to 235) of 8-bit images, without a "
    "border of {scale} pixels."
)


@attrs.frozen
class Cell:
    """A number of the table of results; ``best`` marks the best one of its row."""

    text: str
    gain: str = ""
    best: bool = False


@attrs.frozen
class MetricRow:
    """A metric on a validation set, in one column per run."""

    set_name: str
    metric: str
    bicubic: str
    cells: tuple[Cell, ...]
    best_at: str = ""


def facts(run: RunRecord) -> dict[str, str]:
    """What identifies a run, named by :data:`FACTS`; what is unknown is left out."""
    table = run.experiment
    generator = table.get("generator", {})
    train = table.get("train", {})
    is_task = "task" in table
    texts = (
        f"x{table['scale']}" if "scale" in table else "",
        str(table["task"].get("type", "")) if is_task else "",
        "" if is_task else str(generator.get("type", "")),
        f"{run.parameters:,}" if run.parameters else "",
        str(table.get("discriminator", {}).get("type", "")),
        "" if is_task else " + ".join(_weighted_name(loss) for loss in table.get("losses", ())),
        "" if is_task else _iterations(run),
        "" if is_task else str(train.get("batch_size", "")),
        str(table.get("seed", "")),
        " to ".join(run.dates),
        run.version,
    )
    known = dict(zip(FACTS, texts, strict=False)) | run.head | _performance(run.performance)
    return {name: known[name] for name in FACTS if known.get(name)}


def state(run: RunRecord) -> str:
    """Whether a run is complete, in words."""
    if run.ending is not None and run.ending.is_early:
        return f"finished, {run.ending}" if run.finished else f"not finished, {run.ending}"
    if run.finished:
        return "finished"
    return "not finished" if run.started else "not started"


def rows(runs: Sequence[RunRecord], registry: Registry) -> list[MetricRow]:
    """The table of results: what every run reached at its last validation, beside bicubic."""
    keys = dict.fromkeys(
        (name, metric)
        for run in runs
        for name, values in run.validation.items()
        for metric in values
    )
    return [_row(runs, registry, *key) for key in keys]


def differing_keys(runs: Sequence[RunRecord]) -> list[tuple[str, list[str]]]:
    """Keys in which experiments differ, with what each of them says; their names aside."""
    said = [flat(run.experiment) for run in runs]
    keys = dict.fromkeys(key for table in said for key in table if key != "name")
    rows = [(key, [_said(table.get(key)) for table in said]) for key in keys]
    return [(key, texts) for key, texts in rows if len(set(texts)) > 1]


def protocol_of_run(run: RunRecord) -> str:
    """How the values were measured."""
    scale, metrics = run.experiment.get("scale"), run.experiment.get("metrics", ())
    if not metrics:
        return _DEFAULT_PROTOCOL.format(scale=scale)
    described = []
    for metric in metrics:
        options = {k: v for k, v in metric.items() if k not in ("type", "name")}
        options.setdefault("crop_border", f"that of the metric, or {scale}")
        text = ", ".join(f"{key.replace('_', ' ')} {_yes_or_no(v)}" for key, v in options.items())
        described.append(f"{_loss_name(metric)} ({text})")
    return f"Measured on 8-bit images: {'; '.join(described)}."


def other_results(run: RunRecord) -> dict[str, str]:
    """What a stage without training measured, such as the number of images that it wrote."""
    results: dict[str, str] = {}
    for key, value in run.results.items():
        if key in ("validation", "bicubic"):
            continue
        inner = value.items() if isinstance(value, dict) else [("", value)]
        results |= {
            f"{key} {name}".strip().replace("_", " "): _yes_or_no(item) for name, item in inner
        }
    return results


def higher_is_better(run: RunRecord, label: str, registry: Registry) -> bool | None:
    """Direction of a metric; None if its plugin is not installed."""
    types = {_loss_name(metric): metric["type"] for metric in run.experiment.get("metrics", ())}
    try:
        target = resolve(registry.get("metric", types.get(label, label)).target)
    except (SrcoreError, ImportError, AttributeError):
        return None
    direction = capability("metric", target, "higher_is_better")
    # a function that makes the metric, or a property of it, says nothing yet
    return direction if isinstance(target, type) and direction in (True, False) else None


def _performance(measured: dict[str, Any]) -> dict[str, str]:
    """How fast it went, on what the time went, and how much memory that took."""
    seconds = measured.get("seconds", {})
    peaks = measured.get("peak_memory_mib", {})
    speed = measured.get("iterations_per_second", 0)
    return {
        "Speed": f"{speed:.3g} iterations/s" if speed else "",
        "Time": ", ".join(f"{name} {took:,.0f} s" for name, took in seconds.items()),
        "Peak memory": ", ".join(f"{name} {peak:,.0f} MiB" for name, peak in peaks.items()),
    }


def _row(runs: Sequence[RunRecord], registry: Registry, set_name: str, metric: str) -> MetricRow:
    values = [run.validation.get(set_name, {}).get(metric) for run in runs]
    known = [run.bicubic.get(set_name, {}).get(metric) for run in runs]
    below = [value for value in known if value is not None]
    direction = next(
        higher_is_better(run, metric, registry)
        for run, value in zip(runs, values, strict=True)
        if value is not None
    )
    measured = [value for value in values if value is not None and np.isfinite(value)]
    best = None
    if len(measured) > 1 and direction is not None:
        best = max(measured) if direction else min(measured)
    cells = tuple(
        Cell(
            ABSENT if value is None else f"{value:.4f}",
            "" if value is None or own is None else f"{value - own:+.4f}",
            best is not None and value == best,
        )
        for value, own in zip(values, known, strict=True)
    )
    # Runs of one set see the same images; where they do not, no single number is bicubic's.
    same = len({f"{value:.4f}" for value in below}) == 1
    single = len(runs) == 1 and direction is not None
    best_at = _best_at(runs[0], set_name, metric, higher=bool(direction)) if single else ""
    return MetricRow(set_name, metric, f"{below[0]:.4f}" if same else ABSENT, cells, best_at)


def _best_at(run: RunRecord, set_name: str, metric: str, *, higher: bool) -> str:
    for series in run.series:
        if (series.phase, series.name) == (set_name, metric):
            index = int(series.values.argmax() if higher else series.values.argmin())
            return f"{series.values[index]:.4f} at {series.iterations[index]:,}"
    return ""


def _iterations(run: RunRecord) -> str:
    wanted = run.experiment.get("train", {}).get("iterations", 0)
    if run.ending is not None and run.finished:
        early = run.ending.is_early
        return f"{run.ending.iteration:,} of {wanted:,}" if early else f"{wanted:,}"
    return f"{run.last_iteration:,} recorded of {wanted:,}"


def _weighted_name(loss: dict[str, Any]) -> str:
    weight = loss.get("weight", 1.0)
    return _loss_name(loss) if weight == 1 else f"{weight:g} {_loss_name(loss)}"


def _loss_name(table: dict[str, Any]) -> str:
    return str(table.get("name") or table["type"])


def _said(value: Any) -> str:
    return ABSENT if value is None else _yes_or_no(value)


def _yes_or_no(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
