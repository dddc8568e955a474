"""What keeps a valid experiment from being started here, known before anything is done."""

from __future__ import annotations

from pathlib import Path

import torch

from srcore.checking.experiment import LoadedExperiment
from srcore.checking.output_checks import output_problems
from srcore.config.file_keys import SWEEP
from srcore.config.schema import Experiment
from srcore.errors import ConfigError, Problem
from srcore.machine.devices import fix_matrix_products, pick_device
from srcore.machine.processes import LaunchError, restarts


def refuse_lost_restarts(*, resume: bool, overwrite: bool) -> str:
    """Refuse what a process that torchrun starts again would lose; say what it would not do.

    Returns:
        A warning, or an empty string.

    Raises:
        LaunchError: every restart would delete what was trained before it.
    """
    if not restarts() or resume:
        return ""
    times = f"torchrun starts this command again up to {restarts()} times (--max-restarts)"
    if overwrite:
        raise LaunchError(
            f"--overwrite: {times}, and each time it would delete what was trained before; use "
            "--resume, which starts a run too, and delete the earlier run by hand"
        )
    return f"{times}, which then stops at what was trained before; --resume goes on from it"


def startable(
    loaded: LoadedExperiment, output: Path
) -> tuple[list[Experiment], list[torch.device]]:
    """The experiments of the stages, and where they compute.

    Raises:
        SrcoreError: a device that is not here, a run that would read what it writes, or a sweep.
    """
    if SWEEP in loaded.source.table:
        message = (
            "the file asks for many runs: start them with srcore sweep; or run it alone, without "
            """this table: --set 'drop=["sweep"]'"""
        )
        raise ConfigError([Problem(SWEEP, message, loaded.source.origin(SWEEP))])
    experiments = [loaded.experiment(stage) for stage in loaded.stages]
    if any(experiment.train.deterministic for experiment in experiments):
        fix_matrix_products()
    devices = [pick_device(experiment.train.device, "train.device") for experiment in experiments]
    fed = [
        loaded.located(problem, stage)
        for stage, experiment in zip(loaded.stages, experiments, strict=True)
        for problem in output_problems(experiment, output / loaded.name)
    ]
    if fed:
        raise ConfigError(fed)
    return experiments, devices
