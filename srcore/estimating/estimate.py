"""Estimates of an experiment: every stage that trains is tried, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from srcore.config.batch_size import AUTO
from srcore.errors import SrcoreError
from srcore.estimating.batch_size import largest_fitting
from srcore.estimating.child import try_experiment, working_folder
from srcore.estimating.forecast import Forecast, forecast
from srcore.estimating.options import EstimateOptions
from srcore.estimating.standing_in import stand_in

if TYPE_CHECKING:
    from srcore.config.experiment import LoadedExperiment

_DEFAULT = EstimateOptions()


def estimates(
    loaded: LoadedExperiment, options: EstimateOptions = _DEFAULT
) -> Iterator[Forecast | str]:
    """What every stage of an experiment takes; of one that does not train a remark.

    Nothing is written into the folder of a run. Images and weights that are not there are stood in
    for, and said so.

    Args:
        loaded: the experiment; it need not have been checked.
        options: how long is measured, and for which device.

    Raises:
        ConfigError: what is wrong with the experiment.
        TrialMemoryError: a stage does not fit into the memory of the device.
        SrcoreError: why a stage could not be tried.
    """
    for stage in loaded.stages:
        what = f"stage {stage.name}" if stage.name else loaded.name
        experiment, problems = loaded.examine(stage)
        if experiment is not None and experiment.task is not None:
            yield f'{what}: "{experiment.task.type}" does not train, so it is not estimated'
            continue
        with working_folder() as folder:
            images = folder / "images"
            images.mkdir()
            made = stand_in(experiment, problems, images)
            assert experiment is not None  # the line above refuses it
            table = made.table
            if options.device is not None:
                table = {**table, "train": {**table["train"], "device": options.device}}
            remarks = made.remarks
            if table["train"]["batch_size"] == AUTO:
                number = largest_fitting(table, experiment, loaded.plugins)
                table = {**table, "train": {**table["train"], "batch_size": number}}
                remarks += (f'train.batch_size = "auto": {number} here',)
            seconds = 0.0 if options.device_like else options.seconds
            job = {"seconds": seconds}
            figures = try_experiment(table, loaded.plugins, job, folder / "trial", what)
        if options.device_like and not figures["multiply_adds"]:
            raise SrcoreError(
                f"{what}: the multiply-adds of a compiled step are not counted; reckon with "
                "--set train.compile=false"
            )
        yield forecast(
            stage.name,
            experiment,
            figures,
            device_like=options.device_like,
            knows_images=not made.is_made_up,
            remarks=remarks,
        )
