"""Say where the time of an experiment goes."""

from __future__ import annotations

import json

import click

from srcore.cli.completing import experiments
from srcore.cli.flags import flags
from srcore.cli.overriding import overrides_option
from srcore.plugin.manager import plugins
from srcore.profiling.options import ProfileOptions


@click.command()
@click.argument("experiment", shell_complete=experiments)
@overrides_option
@flags("options", ProfileOptions)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(
    experiment: str,
    overrides: tuple[str, ...],
    options: ProfileOptions,
    as_json: bool,
) -> None:
    """Say where the time of EXPERIMENT goes, and what to change; write a trace.

    True steps of every stage are taken in a process of its own: data, transforms, every network,
    every loss, backward passes, optimizers; then a few images are validated. Nothing is written
    into the folder of a run. Images that are not there are made up, weights that are not there are
    left out; a note says so.

    \b
    Examples:
      srcore profile experiment.toml
      srcore profile experiment.toml --set data.train.workers=4 --steps 20 --overwrite
      srcore profile esrgan_tiny --out traces --json
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.config.experiment import load_experiment

    loaded = load_experiment(experiment, overrides, plugins=plugins())

    import attrs

    from srcore.profiling.profile import Profile, profiles
    from srcore.profiling.tables import lines_of_profile

    stages = []
    for it in profiles(loaded, options):
        if isinstance(it, Profile):
            stages.append(attrs.asdict(it))
        if not as_json:
            for line in [it] if isinstance(it, str) else lines_of_profile(it):
                click.echo(line)
    if as_json:
        click.echo(json.dumps({"name": loaded.name, "stages": stages}, indent=2))
