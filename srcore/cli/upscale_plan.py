"""What a command that enlarges files will do, refused before anything is done if it cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import click

from srcore.cli.console import say
from srcore.cli.existing import refuse_absent_inputs
from srcore.cli.films import refuse_unused
from srcore.cli.listed import listed_inputs
from srcore.cli.upscale_flags import UpscaleRequest
from srcore.cli.usage import refuse_exclusive
from srcore.files.occupied import refuse_existing
from srcore.machine.processes import left_aside, rank
from srcore.plugin.manager import plugins
from srcore.upscaling.batch import Result, Settings, largest_factor
from srcore.upscaling.failure_report import FailureReport
from srcore.upscaling.fitting import Fitting
from srcore.upscaling.jobs import Plan, Task, plan
from srcore.upscaling.shared_job import films_last
from srcore.upscaling.sizing import Sizing

if TYPE_CHECKING:
    from torch import nn

_DEFAULT_SCALE = 2.0


@attrs.frozen(kw_only=True)
class PlannedUpscale:
    """What will be done.

    Attributes:
        network: generator on its device.
        weights: what it is made of, as it was given; None: the model that comes with srcore.
        tasks: what to enlarge, films last.
        unreadable: what failed already, and was told.
        settings: how files are enlarged.
    """

    network: nn.Module
    weights: str | None
    tasks: list[Task]
    unreadable: list[Result]
    settings: Settings


def planned_upscale(request: UpscaleRequest, device: str | None = None) -> PlannedUpscale:
    """Load the network, find the inputs and name their results, as ``srcore upscale`` does.

    What is left out of them is told.

    Args:
        request: what the command line asks for.
        device: where the network goes, if others compute; None: what the request says.

    Raises:
        UsageError: flags that exclude each other, or are of no input.
        SrcoreError: inputs, weights or names of results that will not do.
    """
    from srcore.inference.backends.running import check_options
    from srcore.models.resolving import as_address
    from srcore.upscaling.shipped import shipped_model

    sizing = request.sizing
    loading = request.loading if device is None else attrs.evolve(request.loading, device=device)
    refuse_exclusive(weights=request.weights, model=request.model)
    refuse_exclusive(resume=request.resume, overwrite=request.overwrite)
    listed = listed_inputs(request.file_list, request.inputs)
    _refuse_contradictions(sizing)
    registry = plugins().registry
    if device is None:
        loading.warn_of_slow(request.upscaling.precision)
    check_options(request.upscaling, registry)
    refuse_absent_inputs([*request.inputs, *listed])
    weights = request.weights or (as_address(request.model, registry) if request.model else None)
    if weights is None and sizing.scale is None and not sizing.is_by_size:
        sizing = attrs.evolve(sizing, scale=_DEFAULT_SCALE)
    network = None
    if not sizing.is_by_size:
        network = loading.load(weights or shipped_model(sizing.scale or _DEFAULT_SCALE))
        sizing = attrs.evolve(sizing, scale=sizing.scale or float(network.scale))  # type: ignore[arg-type]  # an int by the contract
    planned = plan(
        request.inputs,
        request.output,
        recursive=request.recursive,
        scale=sizing.label if sizing.is_by_size else sizing.scale or _DEFAULT_SCALE,
        image_format=request.writing.format,
        overwrite=request.overwrite,
        listed=listed,
    )
    refuse_unused(planned, request.writing)
    given = request.writing.given({it.target.suffix for it in planned.tasks if not it.is_film})
    unreadable = _told_failures(planned)
    if network is None:
        network = loading.load(weights or shipped_model(largest_factor(sizing, planned.tasks)))
    fitting = Fitting(
        background=request.background, depth=8 if request.depth else None, strip=request.strip
    )
    settings = Settings(
        sizing=sizing,
        fitting=fitting,
        upscaling=request.upscaling,
        writing=given,
        frames=request.frames,
        registry=registry,
    )
    return PlannedUpscale(
        network=network,
        weights=weights,
        tasks=films_last(planned.tasks),
        unreadable=unreadable,
        settings=settings,
    )


def refuse_occupied(tasks: Sequence[Task], report: FailureReport) -> None:
    """Refuse results that are there; for who neither resumes nor overwrites.

    Raises:
        OccupiedError: names one.
    """
    targets = [task.target for task in tasks]
    refuse_existing(
        [*targets, *report.files], overwrite=False, alternative="--resume skips what is done"
    )


def _refuse_contradictions(sizing: Sizing) -> None:
    if (sizing.width or sizing.height) and (sizing.scale or sizing.max_side):
        raise click.UsageError("--width and --height exclude --scale and --max-side")
    source = click.get_current_context().get_parameter_source("fit")
    is_given = source is not click.core.ParameterSource.DEFAULT
    if is_given and not (sizing.width and sizing.height):
        raise click.UsageError("--fit needs --width and --height")


def _told_failures(planned: Plan) -> list[Result]:
    """What failed already; one process says that, and what was noted."""
    if left_aside():
        say(f"srcore: {left_aside()}", err=True)
    failed = [Result(task, "failed", line) for task, line in planned.unreadable]
    if not rank():
        for line in (*planned.notes, *(result.message for result in failed)):
            say(f"srcore: {line}", err=True)
    return failed
