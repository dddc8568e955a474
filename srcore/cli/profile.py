"""Say where the time of an experiment goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from srcore.cli.completing import experiments
from srcore.cli.flags import flags
from srcore.cli.overriding import overrides_option
from srcore.cli.stage_figures import echo_json, told_figures
from srcore.plugin.manager import plugins
from srcore.profiling.options import ProfileOptions

if TYPE_CHECKING:
    from srcore.checking.experiment import LoadedExperiment
    from srcore.profiling.profile import Profile


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
    left out; a note says so. With --compare the same steps are taken with channels_last, compile
    and other precisions, too; --write puts the fastest of these that leaves all losses and weights
    as they are, to the bit, into the file.

    \b
    Examples:
      srcore profile experiment.toml
      srcore profile experiment.toml --set data.train.workers=4 --steps 20 --overwrite
      srcore profile esrgan_tiny --out traces --json
      srcore profile experiment.toml --compare
      srcore profile experiment.toml --write --overwrite
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.checking.experiment import load_experiment

    loaded = load_experiment(experiment, overrides, plugins=plugins())

    from srcore.profiling.profile import profiles
    from srcore.profiling.setting_writer import refuse_fixed_settings
    from srcore.profiling.tables import lines_of_profile

    if options.write:
        refuse_fixed_settings(loaded, overrides)
    figures = told_figures(profiles(loaded, options), lines_of_profile, as_json=as_json)
    if options.write:
        for line in _settings_written(loaded, figures):
            click.echo(line, err=as_json)
    if as_json:
        echo_json(loaded.name, figures)


def _settings_written(loaded: LoadedExperiment, figures: Sequence[Profile]) -> Iterator[str]:
    """Write the fastest setting of every stage that has one; a line for each."""
    from srcore.profiling.setting_writer import write_settings
    from srcore.profiling.variants import TrainSetting

    fastest = {it.stage: it.comparison.fastest_equal for it in figures if it.comparison is not None}
    chosen = {
        name: TrainSetting(it.key, it.value) for name, it in fastest.items() if it is not None
    }
    file = loaded.source.path
    if chosen:
        write_settings(loaded, chosen)
    for name, variant in chosen.items():
        stage = f"stage {name}: " if name else ""
        yield f"{file}: {stage}train.{variant.label} is written"
    if not chosen:
        yield f"{file}: nothing is written, since no quicker setting leaves all numbers as they are"
