"""The stages of an experiment, one after the other, as they can be tried in another process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.config.batch_size import AUTO
from srcore.estimating.batch_size import largest_fitting
from srcore.estimating.child import working_folder
from srcore.estimating.standing_in import stand_in

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class StageToTry:
    """A stage that trains.

    Attributes:
        name: of the stage.
        what: begins messages, such as ``"stage gan"``.
        experiment: as it is in the file.
        table: as it is tried: nothing is missing, ``batch_size`` is a number.
        folder: where it is tried; gone when the next stage is asked for.
        is_made_up: whether training images are made up.
        remarks: what is another thing than in the experiment.
    """

    name: str
    what: str
    experiment: Experiment
    table: dict[str, Any]
    folder: Path
    is_made_up: bool
    remarks: tuple[str, ...]


def stages_to_try(
    loaded: LoadedExperiment, device: str | None, done: str
) -> Iterator[StageToTry | str]:
    """The stages that train; of the others a remark.

    Args:
        loaded: the experiment; it need not have been checked.
        device: in place of that of the experiment; None: that.
        done: what is done with them, such as ``"estimated"``, for the remark.

    Raises:
        ConfigError: what is wrong with the experiment.
        SrcoreError: ``batch_size = "auto"`` finds no number.
    """
    for stage in loaded.stages:
        what = f"stage {stage.name}" if stage.name else loaded.name
        experiment, problems = loaded.examine(stage)
        if experiment is not None and experiment.task is not None:
            yield f'{what}: "{experiment.task.type}" does not train, so it is not {done}'
            continue
        with working_folder() as folder:
            images = folder / "images"
            images.mkdir()
            made = stand_in(experiment, problems, images)
            assert experiment is not None  # the line above refuses it
            table, remarks = made.table, made.remarks
            if device is not None:
                table = _with_training(table, device=device)
            if table["train"]["batch_size"] == AUTO:
                number = largest_fitting(table, experiment, loaded.plugins)
                table = _with_training(table, batch_size=number)
                remarks += (f'train.batch_size = "auto": {number} here',)
            yield StageToTry(
                name=stage.name,
                what=what,
                experiment=experiment,
                table=table,
                folder=folder,
                is_made_up=made.is_made_up,
                remarks=remarks,
            )


def _with_training(table: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {**table, "train": {**table["train"], **keys}}
