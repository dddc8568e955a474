"""Metrics that cannot be measured on the validation images, as their headers show.

The options of a metric may define ``unmeasurable(height, width, crop_border)``: why an image of
that size has no value, or an empty string.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from srcore.capabilities import option_capability
from srcore.config.schema import Experiment
from srcore.data.sizes import Size, upscaled_sizes
from srcore.errors import Problem


@attrs.frozen
class Lack:
    """A metric that some images of a set are too small for.

    Attributes:
        problem: what is the matter and what to do.
        is_total: no image of the set can be measured.
    """

    problem: Problem
    is_total: bool


def lacks(experiment: Experiment) -> Iterator[Lack]:
    """Every metric and validation set that do not fit."""
    metrics = list(_metrics(experiment))
    if all(option_capability(options, "unmeasurable") is None for _, _, options, _ in metrics):
        return
    for name, table in experiment.data.validation.items():
        sizes = upscaled_sizes(table.selected.options, experiment.scale)
        for path, label, options, border in metrics:
            if sizes:
                yield from _lack(path, label, options, border, name, sizes)


def _lack(
    path: str, label: str, options: object, border: int, name: str, sizes: dict[str, Size]
) -> Iterator[Lack]:
    unmeasurable = option_capability(options, "unmeasurable")
    if unmeasurable is None:
        return
    reasons = {file: unmeasurable(*size, border) for file, size in sizes.items()}
    bad = {file: reason for file, reason in reasons.items() if reason}
    if not bad:
        return
    file, reason = next(iter(bad.items()))
    height, width = sizes[file]
    message = (
        f'"{label}" cannot be measured on {len(bad)} of {len(sizes)} images of '
        f"data.validation.{name}: {reason}, found {width}x{height} ({file})"
    )
    is_total = len(bad) == len(sizes)
    advice = "; use larger images, a smaller crop_border, or leave the metric out"
    rest = advice if is_total else "; its mean is that of the others"
    yield Lack(Problem(path, message + rest), is_total)


def _metrics(experiment: Experiment) -> Iterator[tuple[str, str, object, int]]:
    """Path, label, options and border of every metric."""
    for index, table in enumerate(experiment.metrics):
        border = experiment.scale if table.crop_border is None else table.crop_border
        yield f"metrics[{index}].type", table.label, table.selected.options, border
