"""TOML keys of handlers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from srcore.options import option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class EarlyStoppingOptions:
    """End the training when a metric of the validations no longer improves.

    The stage then is complete: validated, exported, and the next one goes on from it.

        [[handlers]]
        type = "early_stopping"
        patience = 5
        metric = "set5/psnr"
        [train]
        validate_every = 5000
        [data.validation.set5]
        type = "hr_folder"
        hr = "Set5"
    """

    patience: int = option(10, "validations in a row without improvement that end it", ge=1)
    metric: str = option(
        "",
        'what must improve, as "SET/METRIC"; empty: the first metric of the first set, by which '
        "the best checkpoint is chosen too",
    )
    min_improvement: float = option(
        0.0, "what counts must be better than the best so far by more, in units of the metric", ge=0
    )

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """There must be validations, and the metric must be one of theirs."""
        if experiment.task is not None:
            return
        sets = experiment.data.validation
        if not sets or not experiment.train.validate_every:
            lacking = "train.validate_every above 0" if sets else "a table [data.validation.NAME]"
            yield "", f"there are no validations to go by; expected {lacking}"
        name, _, label = self.metric.partition("/")
        labels = [table.label for table in experiment.metrics]
        if self.metric and sets and (name not in sets or label not in labels):
            known = ", ".join(f"{name}/{label}" for name in sets for label in labels)
            yield "metric", f'expected one of {known}, found "{self.metric}"'

    def remarks(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A patience that the training does not last for."""
        train = experiment.train
        every = train.validate_every
        if experiment.task is None and every and (self.patience + 1) * every >= train.iterations:
            yield (
                "patience",
                f"{self.patience} validations after the first, every {every} iterations, are not "
                f"over before the last iteration, {train.iterations}: nothing is ever stopped",
            )


@attrs.frozen(kw_only=True)
class TimeLimitOptions:
    """End the training after some time, that before a resume included.

    The stage then is complete: validated, exported, and the next one goes on from it.
    """

    hours: float = option(0.0, "hours of training, validations included", ge=0)
    minutes: float = option(0.0, "minutes beside the hours", ge=0)

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """No time at all is a forgotten key."""
        if not self.hours + self.minutes:
            yield "hours", "expected hours or minutes above 0, found 0 of both"


class _Standard:
    """Options of a handler that is always there; a table of it says no more than ``enabled``."""

    #: Whether a resume, the best generator or the next stage stands on it.
    is_needed = False

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """There is one of it, and some cannot be done without."""
        for table in experiment.handlers:
            if table.selected.options is self:
                if table.label != table.selected.type:
                    yield "name", f'is always there, once; expected no name, found "{table.name}"'
                if self.is_needed and not table.enabled:
                    yield (
                        "enabled",
                        "is needed by resume and by stages that follow; expected true, found false",
                    )


@attrs.frozen(kw_only=True)
class RecordsOptions(_Standard):
    """Write ``metrics.jsonl`` and ``metrics.csv``; always there.

    ``train.log_every`` says how often the values of the training are written.
    """

    is_needed = True


@attrs.frozen(kw_only=True)
class LogOptions(_Standard):
    """Write the values of training and validations to the log; always there.

    ``train.log_every`` says how often; ``enabled = false`` switches it off.
    """


@attrs.frozen(kw_only=True)
class ProgressOptions(_Standard):
    """Show a progress bar on a terminal; always there.

    ``--quiet`` or ``enabled = false`` switches it off.
    """


@attrs.frozen(kw_only=True)
class PicturesOptions(_Standard):
    """Draw the first images of every validation set; always there.

    ``train.images`` says how many, ``train.keep_images`` of how many validations they are kept;
    ``enabled = false`` switches it off.
    """


@attrs.frozen(kw_only=True)
class CheckpointOptions(_Standard):
    """Save the state of the training; always there.

    ``train.checkpoint_every`` and ``train.keep_every`` say when, and it is saved before and after
    every validation and at the end.
    """

    is_needed = True


@attrs.frozen(kw_only=True)
class ValidationOptions(_Standard):
    """Measure the generator on the validation sets and keep the best one; always there.

    ``train.validate_every`` and ``train.validate_at_start`` say when.
    """

    is_needed = True


@attrs.frozen(kw_only=True)
class TensorboardOptions(_Standard):
    """Write TensorBoard files where tensorboard is installed; always there.

    Switched off by ``train.tensorboard = false``, or here:

        [[handlers]]
        type = "tensorboard"
        enabled = false
    """
