"""Work on the trials of a sweep, and say which one is the best."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcore.cli.completing import experiments
from srcore.cli.flags import flag, flags
from srcore.cli.overriding import beginning, beginning_options, overrides_option
from srcore.cli.several_runs import refuse_many_processes
from srcore.config.sweep_table import SweepOptions
from srcore.errors import SrcoreError
from srcore.plugin.manager import plugins
from srcore.runs.options import RunsOptions

if TYPE_CHECKING:
    from srcore.sweeps.state import SweepState, SweepTrial
    from srcore.trials.metric import SweepMetric

#: Trials that are printed at the end.
_SHOWN = 10


@click.command()
@click.argument("experiment", shell_complete=experiments)
@overrides_option
@beginning_options
@flag(RunsOptions, "output")
@flags("options", SweepOptions)
@click.option("--retry", is_flag=True, help="Also run trials again that failed.")
@click.option("--quiet", is_flag=True, help="No line for each trial.")
def command(
    experiment: str,
    overrides: tuple[str, ...],
    from_stage: str | None,
    weights: str | None,
    output: Path,
    options: SweepOptions,
    retry: bool,
    quiet: bool,
) -> None:
    """Run the trials of EXPERIMENT, whose table [sweep] says which keys have which values.

    Every trial is a run of its own in OUTPUT/<name>_sweep, where report.html compares all of them
    and best.toml is the experiment of the best one. After an interrupt, a kill or a crash the same
    command goes on: trials that are finished stay, those that were begun are resumed. A trial that
    fails is noted with its cause and the others go on; the exit code is 1 then.

    \b
    Examples:
      srcore check sweep.toml
      srcore sweep sweep.toml
      srcore sweep sweep.toml --jobs 4
      srcore sweep sweep.toml --set sweep.trials=50
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    refuse_many_processes()
    from srcore.checking.experiment import check_experiment
    from srcore.sweeps.checked_sweep import checked_sweep
    from srcore.trials.metric import metric_of

    starts = beginning(overrides, from_stage, weights)
    whole = check_experiment(experiment, starts, plugins=plugins())
    checked = checked_sweep(whole, experiment, starts, output, plugins())
    folder = checked.folder

    from srcore.sweeps.best import write_best
    from srcore.sweeps.report import write_sweep_report
    from srcore.sweeps.sweep import Sweep

    metric = metric_of(whole, checked.table)

    def changed(state: SweepState, trial: SweepTrial) -> None:
        write_best(folder, whole.name, state, metric)
        write_sweep_report(folder, whole.name, state, metric)
        if not quiet:
            done = len(state.of_state("complete", "pruned", "failed"))
            click.echo(f"{_told_trial(trial, metric)} ({done} of {checked.trials})", err=True)

    sweep = Sweep(
        experiment=experiment,
        overrides=starts,
        loaded=checked.load([]),
        table=checked.table,
        metric=metric,
        folder=folder,
        load=checked.load,
        changed=changed,
    )
    try:
        state = sweep.run(options.jobs, retry=retry)
        best = write_best(folder, whole.name, state, metric)
    except OSError as error:  # a full disk, or files that somebody took away
        place = error.filename2 or error.filename or folder.path
        raise SrcoreError(f"{place}: {error.strerror}; then the same command goes on") from error
    write_sweep_report(folder, whole.name, state, metric)
    for line in _result_lines(state, metric):
        click.echo(line)
    click.echo(f"report: {folder.report}")
    if best is not None:
        click.echo(f"best: {folder.best} ({best.name})")
    raise click.exceptions.Exit(1 if state.of_state("failed", "open") else 0)


def _told_trial(trial: SweepTrial, metric: SweepMetric) -> str:
    reached = ""
    if trial.value is not None:
        reached = f"{metric} {trial.value:.5g} at iteration {trial.iteration}"
    how = "" if trial.state == "complete" else f"{trial.state}: {trial.cause}"
    return f"{trial.name}: " + "; ".join(filter(None, (reached, how)))


def _result_lines(state: SweepState, metric: SweepMetric) -> Iterator[str]:
    from srcore.files.text_tables import aligned
    from srcore.sweeps.state import ranked

    trials = ranked(state.trials, higher_is_better=metric.higher_is_better)
    complete = [it for it in trials if it.state == "complete"]
    keys = list(complete[0].values) if complete else []
    rows = [("trial", *keys, str(metric), "iteration")]
    rows += [
        (it.name, *(str(it.values[key]) for key in keys), f"{it.value:.5g}", str(it.iteration))
        for it in complete[:_SHOWN]
    ]
    if complete:
        yield from aligned(rows, left=1)
    if len(complete) > _SHOWN:
        yield f"and {len(complete) - _SHOWN} more, in the report"
    for trial in trials:
        if trial.state in ("failed", "open"):
            yield _told_trial(trial, metric)
    pruned = state.of_state("pruned")
    if pruned:
        yield f"ended early: {', '.join(it.name for it in pruned)}"
