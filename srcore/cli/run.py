"""Run an experiment: check it, train its stages, validate, write the results."""

from __future__ import annotations

from pathlib import Path

import click

from srcore.cli.completing import experiments
from srcore.cli.flags import flag
from srcore.cli.overriding import beginning, beginning_options, overrides_option
from srcore.plugin.manager import plugins
from srcore.runs.options import RunsOptions


@click.command()
@click.argument("experiment", shell_complete=experiments)
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
    experiment: str,
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

    \b
    Examples:
      srcore run experiment.toml
      srcore run experiment.toml --set train.iterations=2000 --set train.batch_size=8
      srcore run experiment.toml --resume
      srcore run ldl/rrdb_x4 --from-stage ldl --weights RRDB_PSNR_x4.pth
      torchrun --nproc-per-node=4 -m srcore run experiment.toml
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.config.experiment import check_experiment

    if (resume or recover) and overwrite:
        name = "--resume" if resume else "--recover"
        raise click.UsageError(f"{name} and --overwrite exclude each other")
    loaded = check_experiment(
        experiment,
        beginning(overrides, from_stage, weights),
        plugins=plugins(),
        resumed=output if resume or recover else None,
    )

    from srcore.engine.stages import run_experiment

    result = run_experiment(
        loaded,
        output,
        resume=resume,
        overwrite=overwrite,
        recover=recover,
        accept_changes=accept_changes,
        quiet=quiet,
    )
    if result is not None:
        click.echo(result)
