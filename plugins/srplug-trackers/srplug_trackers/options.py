"""TOML keys of the trackers and of the profiler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import attrs

from srcore.options import option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class _TrackerOptions:
    """What all trackers are asked."""

    project: str = option("srcore", "project (MLflow: experiment) that the run is part of")
    run_name: str = option("", "what the run is called; empty: as experiment and stage are")
    pictures: bool = option(True, "send the pictures of validations (train.images) too")
    weights: Literal["none", "last", "best"] = option(
        "none",
        "exported networks that are sent at the end: those of the last iteration, or the generator "
        "of the best validation",
    )
    on_failure: Literal["warn", "stop"] = option(
        "warn",
        "where the tracker cannot be reached: warn once, go on and try again at the next "
        "checkpoint, or end the training",
    )
    patience: float = option(
        60.0, "seconds that the end of the training waits for a tracker that is slow", ge=0
    )


@attrs.frozen(kw_only=True)
class WandBOptions(_TrackerOptions):
    """Send values, pictures, settings and weights to Weights & Biases.

    Needs ``pip install 'srplug-trackers[wandb]'`` and ``wandb login``, or ``offline``:

        [[handlers]]
        type = "wandb"
        project = "my-project"
    """

    entity: str = option("", "user or team; empty: that of the login")
    tags: tuple[str, ...] = option((), "tags of the run")
    offline: bool = option(
        False,
        "write into plugins/wandb of the run's folder, without a connection, for wandb sync; "
        "false: as the variable WANDB_MODE says, which is online without it",
    )


@attrs.frozen(kw_only=True)
class MLflowOptions(_TrackerOptions):
    """Send values, pictures, settings and weights to an MLflow server, or into its files.

    Needs ``pip install 'srplug-trackers[mlflow]'``, which is ``mlflow-skinny``; ``mlflow`` will do
    too:

        [[handlers]]
        type = "mlflow"
        server = "http://localhost:5000"
    """

    server: str = option(
        "",
        'address of the server, or of its database, such as "sqlite:///mlflow.db"; empty: as the '
        "variable MLFLOW_TRACKING_URI says",
    )


@attrs.frozen(kw_only=True)
class ClearMLOptions(_TrackerOptions):
    """Send values, pictures, settings and weights to ClearML.

    Needs ``pip install 'srplug-trackers[clearml]'`` and ``clearml-init``, or ``offline``. Ignite's
    logger is silent where the variable CI is set; this one is not:

        [[handlers]]
        type = "clearml"
        project = "my-project"
    """

    tags: tuple[str, ...] = option((), "tags of the task")
    offline: bool = option(
        False,
        "write into plugins/clearml of the run's folder, without a connection, for "
        "Task.import_offline_session; false: as the variable CLEARML_OFFLINE_MODE says",
    )


@attrs.frozen(kw_only=True)
class ProfilerOptions:
    """Watch some iterations with PyTorch's profiler.

    Writes ``plugins/profiler/iteration_00000010.json`` for Perfetto or ``chrome://tracing`` into
    the folder of the run, and a table of what took longest beside it. Only the first of several
    processes is watched.
    """

    start: int = option(10, "first iteration that is watched; the very first ones are slow", ge=1)
    iterations: int = option(3, "how many are watched in a row", ge=1, le=1000)
    every: int = option(0, "watch so many again every n iterations; 0: once", ge=0)
    rows: int = option(30, "lines of the table", ge=1)
    memory: bool = option(False, "note allocations of memory too")
    shapes: bool = option(False, "note the sizes of tensors too")

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """One look ends before the next one begins."""
        if 0 < self.every < self.iterations:
            yield "every", f"expected 0 or at least {self.iterations}, found {self.every}"
