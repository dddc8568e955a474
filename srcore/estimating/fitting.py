"""Whether the stages of an experiment fit into memory, as remarks of ``srcore check --memory``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.errors import Problem
from srcore.estimating.child import ProbeMemoryError, try_experiment
from srcore.estimating.forecast import forecast
from srcore.estimating.in_words import in_bytes
from srcore.estimating.stages_to_try import stages_to_try

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.estimating.stages_to_try import StageToTry
    from srcore.plugin.manager import PluginManager

_DO = (
    "a smaller train.batch_size or hr_patch_size, generator.checkpointing = true or "
    'train.precision = "bfloat16" need less'
)


def memory_remarks(loaded: LoadedExperiment) -> list[Problem]:
    """A remark for every stage that is short of memory, from a few true steps of each.

    Args:
        loaded: the experiment, which is valid.

    Raises:
        SrcoreError: why a stage could not be tried.
    """
    problems = []
    for it in stages_to_try(loaded, None, "tried"):
        if isinstance(it, str):
            continue
        message = _shortage(it, loaded.plugins)
        if message:
            stage = next(stage for stage in loaded.stages if stage.name == it.name)
            problems.append(loaded.located(Problem("train.batch_size", message), stage))
    return problems


def _shortage(it: StageToTry, plugins: PluginManager) -> str:
    """What is short; nothing, if it fits."""
    job = {"seconds": 0.0, "counts": False}
    try:
        figures = try_experiment(it.table, plugins, job, it.folder / "probe", it.what)
    except ProbeMemoryError as error:
        return f"{error}; {_DO}"
    foreseen = forecast(it.name, it.experiment, figures)
    if foreseen.fits:
        return ""
    return (
        f"the training takes {in_bytes(foreseen.memory)} by estimate, and "
        f"{in_bytes(foreseen.memory_free)} are free; {_DO}"
    )
