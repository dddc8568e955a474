"""Say what an experiment takes before it is run."""

from __future__ import annotations

import click

from srcore.cli.completing import experiments
from srcore.cli.flags import flags
from srcore.cli.overriding import overrides_option
from srcore.cli.stage_figures import echo_json, told_figures
from srcore.estimating.options import EstimateOptions
from srcore.plugin.manager import plugins


@click.command()
@click.argument("experiment", shell_complete=experiments)
@overrides_option
@flags("options", EstimateOptions)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    experiment: str,
    overrides: tuple[str, ...],
    options: EstimateOptions,
    as_json: bool,
) -> None:
    """Say what EXPERIMENT takes: memory, time, disk, from a few true steps.

    Every stage is built and trained for some steps in a process of its own, saved and validated on
    a few images. Nothing is written into the folder of a run. Images that are not there are made
    up, weights that are not there are left out; a note says so. With --device-like, time and memory
    on that device are reckoned from what is counted here.

    \b
    Examples:
      srcore estimate experiment.toml
      srcore estimate experiment.toml --set train.batch_size=8 --seconds 30
      srcore estimate esrgan_x4 --device-like "RTX 4090"
      srcore estimate experiment.toml --json
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.checking.experiment import load_experiment

    loaded = load_experiment(experiment, overrides, plugins=plugins())

    from srcore.estimating.estimate import estimates
    from srcore.estimating.in_words import lines, total

    figures = told_figures(estimates(loaded, options), lines, as_json=as_json)
    if as_json:
        echo_json(loaded.name, figures)
    elif len(figures) > 1:
        click.echo(total(figures))
