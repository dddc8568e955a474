"""Metrics on images: values of one image, and of a set; for validation and ``srcore evaluate``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from srcore.capabilities import capability
from srcore.contracts import SetMetric
from srcore.errors import PluginError, SrcoreError
from srcore.plugin.calling import call

if TYPE_CHECKING:
    from srcore.config.schema import Experiment, MetricTable


@attrs.frozen
class Measure:
    """A metric as it was asked for.

    Attributes:
        label: name in tables.
        metric: what computes it.
        crop_border: pixels removed on every side; None: the border of all.
        needs_hr: whether it compares with a truth.
    """

    label: str
    metric: Any
    crop_border: int | None = None
    needs_hr: bool = False

    @property
    def higher_is_better(self) -> bool:
        """Which direction is good."""
        return bool(capability("metric", self.metric, "higher_is_better"))


@attrs.frozen(kw_only=True)
class Measured:
    """What was measured on an image.

    Attributes:
        values: by metric.
        collected: what metrics of whole sets keep of this image, by metric.
        left_out: why a metric has no value, by metric.
    """

    values: dict[str, float] = attrs.field(factory=dict)
    collected: dict[str, Any] = attrs.field(factory=dict)
    left_out: dict[str, str] = attrs.field(factory=dict)

    def joined(self, other: Measured) -> Measured:
        """With what other metrics have measured on the same image."""
        return Measured(
            values=self.values | other.values,
            collected=self.collected | other.collected,
            left_out=self.left_out | other.left_out,
        )


@attrs.frozen
class Summary:
    """What was measured on a set.

    Attributes:
        averages: mean of every metric over the images that have a finite value, and the values of
            metrics of sets. A mean of perfect images only is infinite.
        pooled: of metrics whose mean leaves out perfect images, a value that does not, to compare
            one validation with another.
        notes: what was left out and why, one line per metric.
    """

    averages: dict[str, float]
    pooled: dict[str, float]
    notes: list[str]


def measures(experiment: Experiment) -> list[Measure]:
    """Build the metrics of an experiment."""
    return [_measure_of_table(table, experiment.scale) for table in experiment.metrics]


def _measure_of_table(table: MetricTable, scale: int) -> Measure:
    entry, metric = table.selected.component, table.selected.build()
    border = table.crop_border
    if border is None:
        declared = capability("metric", metric, "default_crop_border")
        border = scale if declared is None else declared
    return Measure(table.label, metric, border, "hr" in entry.needs)


def measure_image(
    sr: NDArray[np.uint8],
    hr: NDArray[np.uint8] | None,
    measured: Sequence[Measure],
    crop_border: int = 0,
) -> Measured:
    """Measure one image ``(H, W, 3)``; a metric that it is too small for is left out.

    Without ground truth, metrics that need it are left out without a word.

    Args:
        sr: the image.
        hr: the truth, if there is one.
        measured: metrics.
        crop_border: of the metrics that have none of their own.
    """
    result = Measured()
    for entry in measured:
        if hr is None and entry.needs_hr:
            continue
        try:
            border = crop_border if entry.crop_border is None else entry.crop_border
            value = call("metric", entry.metric, sr, hr, crop_border=border)
        except PluginError:
            raise  # a broken metric, not one that an image is too small for
        except SrcoreError as error:
            result.left_out[entry.label] = str(error)
            continue
        if isinstance(entry.metric, SetMetric):
            result.collected[entry.label] = value
        else:
            result.values[entry.label] = float(value)
    return result


def averages_of(images: Sequence[Measured], measured: Sequence[Measure]) -> Summary:
    """Averages of a set, in the order of the metrics."""
    summary = Summary({}, {}, [])
    for entry in measured:
        values = [image.values[entry.label] for image in images if entry.label in image.values]
        collected = [
            image.collected[entry.label] for image in images if entry.label in image.collected
        ]
        reasons = [image.left_out[entry.label] for image in images if entry.label in image.left_out]
        if values:
            _add_average(entry, values, summary)
        elif collected:
            try:
                summary.averages[entry.label] = entry.metric.combine(collected)
            except SrcoreError as error:
                summary.notes.append(f"no {entry.label}: {error}")
        if reasons:
            count = f"{len(reasons)} of {len(images)} images"
            summary.notes.append(f"{entry.label} leaves out {count}: {reasons[0]}")
    return summary


def _add_average(entry: Measure, values: list[float], summary: Summary) -> None:
    finite = [value for value in values if math.isfinite(value)]
    summary.averages[entry.label] = float(np.mean(finite or values))
    if len(finite) == len(values):
        return
    pool = capability("metric", entry.metric, "pool")
    if pool is not None:
        summary.pooled[entry.label] = pool(values)
    if finite:
        count = f"{len(values) - len(finite)} of {len(values)} images"
        summary.notes.append(f"{entry.label} leaves out {count}: infinite, they equal the original")
