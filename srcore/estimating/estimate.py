"""Estimates of an experiment: every stage that trains is tried, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from srcore.errors import SrcoreError
from srcore.estimating.child import try_experiment
from srcore.estimating.forecast import Forecast, forecast
from srcore.estimating.options import EstimateOptions
from srcore.estimating.stages_to_try import stages_to_try

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment

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
        ProbeMemoryError: a stage does not fit into the memory of the device.
        SrcoreError: why a stage could not be tried.
    """
    for it in stages_to_try(loaded, options.device, "estimated"):
        if isinstance(it, str):
            yield it
            continue
        seconds = 0.0 if options.device_like else options.seconds
        job = {"seconds": seconds}
        figures = try_experiment(it.table, loaded.plugins, job, it.folder / "probe", it.what)
        if options.device_like and not figures["multiply_adds"]:
            raise SrcoreError(
                f"{it.what}: the multiply-adds of a compiled step are not counted; reckon with "
                "--set train.compile=false"
            )
        yield forecast(
            it.name,
            it.experiment,
            figures,
            device_like=options.device_like,
            knows_images=not it.is_made_up,
            remarks=it.remarks,
        )
