"""Run experiments: check them, train their stages, validate, write the results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcore.cli import completing
from srcore.cli.flags import flag
from srcore.cli.overriding import beginning, beginning_options, overrides_option
from srcore.cli.scan_progress import visible_scans
from srcore.cli.several_runs import all_checked, refuse_many_processes, run_each
from srcore.cli.usage import refuse_exclusive
from srcore.plugin.manager import plugins
from srcore.runs.options import RunsOptions
from srcore.scanning.policy import ScanPolicy, scanning_by

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.engine.signals import StopRequest


@click.command()
@click.argument(
    "experiments",
    nargs=-1,
    required=True,
    metavar="EXPERIMENT...",
    shell_complete=completing.experiments,
)
@overrides_option
@beginning_options
@flag(RunsOptions, "output")
@click.option("--resume", is_flag=True, help="Continue an interrupted run, or start it.")
@click.option(
    "--recover",
    is_flag=True,
    help="As --resume; from the newest good checkpoint if the last one is damaged or missing.",
)
@click.option(
    "--accept-changes",
    is_flag=True,
    help="Resume although other files or processes than before feed the training.",
)
@click.option("--overwrite", is_flag=True, help="Delete an earlier run of this name first.")
@click.option("--quiet", is_flag=True, help="No progress bar, warnings only.")
def command(
    experiments: tuple[str, ...],
    overrides: tuple[str, ...],
    from_stage: str | None,
    weights: str | None,
    output: Path,
    resume: bool,
    recover: bool,
    accept_changes: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Run EXPERIMENT, a TOML file or the name of a shipped experiment.

    Several are run one after the other: all are checked before the first begins, options hold for
    each, one that fails does not keep the others from being run, and an interrupt ends them all. At
    the end there is a line for each; the exit code is that of the first that failed.

    \b
    Examples:
      srcore run experiment.toml
      srcore run experiment.toml --set train.iterations=2000 --set train.batch_size=8
      srcore run experiment.toml --resume
      srcore run narrow.toml wide.toml deep.toml
      srcore run ldl/rrdb_x4 --from-stage ldl --weights RRDB_PSNR_x4.pth
      torchrun --nproc-per-node=4 -m srcore run experiment.toml
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.checking.experiment import check_experiment

    refuse_exclusive(resume=resume, overwrite=overwrite)
    refuse_exclusive(recover=recover, overwrite=overwrite)
    starts = beginning(overrides, from_stage, weights)
    resumed = output if resume or recover else None

    def checked(experiment: str) -> LoadedExperiment:
        return check_experiment(experiment, starts, plugins=plugins(), resumed=resumed)

    def run(loaded: LoadedExperiment, stop: StopRequest | None = None) -> str | None:
        from srcore.launching.stages import run_experiment

        return run_experiment(
            loaded,
            output,
            resume=resume,
            overwrite=overwrite,
            recover=recover,
            accept_changes=accept_changes,
            quiet=quiet,
            stop=stop,
        )

    with scanning_by(ScanPolicy() if quiet else visible_scans()):
        if len(experiments) > 1:
            refuse_many_processes()
            queue = all_checked(
                experiments, checked, output, resume=resumed is not None, overwrite=overwrite
            )
            raise click.exceptions.Exit(run_each(queue, output, run))
        result = run(checked(experiments[0]))
    if result is not None:
        click.echo(result)
