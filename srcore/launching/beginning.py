"""A run that starts with a state which another program has trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from srcore.checking.experiment import LoadedExperiment
from srcore.engine.run import Run
from srcore.engine.training import Training
from srcore.errors import SrcoreError
from srcore.machine.devices import pick_device
from srcore.runs.opening import open_run


@contextlib.contextmanager
def begun(loaded: LoadedExperiment, output: Path) -> Iterator[Training]:
    """A new run on the CPU, whose training is saved at the end of the block.

    Inside it, fill ``training.parts``: the networks, the optimizers of its updaters, the average,
    and ``iteration``. ``srcore run --resume`` then goes on as if srcore had trained so far.

    Args:
        loaded: a checked experiment of one stage that trains.
        output: folder of runs; the run goes to ``output/<name>``.

    Raises:
        SrcoreError: another experiment, or the folder of the run is in use.
    """
    (stage, *others) = loaded.stages
    experiment = loaded.experiment(stage)
    if others or experiment.task is not None:
        raise SrcoreError(f"{loaded.name}: expected an experiment of one stage that trains")
    folder, registry = output / loaded.name, loaded.plugins.registry
    with open_run(
        folder, {"": experiment}, registry, name=loaded.name, resume=False, overwrite=False
    ):
        folders, device = {"": folder}, pick_device("cpu")
        run = Run(folder, experiment, "", folders, device, loaded.plugins, quiet=True)
        run.write_experiment()
        training = Training(run)
        yield training
        training.state.save()
