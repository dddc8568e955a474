"""The experiment of the best trial, as a file of its own."""

from __future__ import annotations

import tomli_w

from srcore.config.reading import parse_experiment
from srcore.files.atomic import writing
from srcore.runs.folder import experiment_of_run
from srcore.sweeps.state import SweepState, SweepTrial, best_trial
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.metric import SweepMetric


def write_best(
    folder: SweepFolder, name: str, state: SweepState, metric: SweepMetric
) -> SweepTrial | None:
    """Write ``best.toml``: the resolved experiment of the best trial, under the sweep's name.

    Args:
        folder: of the sweep.
        name: that the experiment gets; a run of it does not lie among the trials.
        state: all trials.
        metric: what is compared.

    Returns:
        The trial; None if none is complete, then no file is written.

    Raises:
        SrcoreError: the run of the trial is gone.
    """
    best = best_trial(state.trials, higher_is_better=metric.higher_is_better)
    if best is None:
        return None
    table = parse_experiment(experiment_of_run(folder.trial(best.number))) | {"name": name}
    head = f"# {best.name} of {len(state.trials)}: {metric} {best.value} at {best.iteration}\n"
    with writing(folder.best) as temporary:
        temporary.write_text(head + tomli_w.dumps(table), "utf-8")
    return best
