"""``srcore esrdgan``: files of the published program."""

from __future__ import annotations

from pathlib import Path

import click

from srcore.cli.existing import EXISTING_FILE, EXISTING_FOLDER
from srcore.cli.flags import flag
from srcore.cli.listing import ListingGroup
from srcore.cli.overriding import overrides_option
from srcore.files.occupied import refuse_existing
from srcore.plugin.manager import plugins
from srcore.runs.options import RunsOptions
from srplug_esrdgan.options import GeneratorOptions


@click.group("esrdgan", cls=ListingGroup)
def command() -> None:
    """ESRDGAN: networks and training states of the published program."""


@command.command("import")
@click.argument("source", metavar="SOURCE", type=EXISTING_FILE)
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@flag(GeneratorOptions, "channel_order", default="bgr")
@flag(GeneratorOptions, "activation")
@flag(GeneratorOptions, "dense_scaling")
@flag(GeneratorOptions, "block_scaling")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def import_(source: Path, target: Path, overwrite: bool, **options: str | float) -> None:
    """Write a generator as .safetensors, or a configuration as .toml.

    SOURCE is G_<it>.pth: OUT is a .safetensors file that upscale and evaluate take. The published
    file does not tell the order of its colors, its activation and its residual scalings; OUT does.
    Or SOURCE is the program's .ini: OUT is an experiment, .toml.

    \b
    Example:
      srcore esrdgan import G_200000.pth esrdgan.safetensors
      srcore upscale photo.png --weights esrdgan.safetensors
      srcore esrdgan import config.ini esrdgan.toml
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    refuse_existing([target], overwrite=overwrite)
    if source.suffix == ".ini":
        _import_configuration(source, target)
        return
    from srplug_esrdgan.weights import import_generator

    recognized = import_generator(source, target, plugins().registry, **options)
    click.echo(f"{source} (esrdgan x{recognized.scale}) -> {target}")


def _import_configuration(source: Path, target: Path) -> None:
    import tomli_w

    from srcore.files.atomic import write_bytes
    from srplug_esrdgan.configuration import experiment_of

    if target.suffix != ".toml":
        raise click.UsageError(f"{target}: expected a name that ends in .toml")
    table, left_out = experiment_of(source)
    write_bytes(target, tomli_w.dumps(table).encode())
    click.echo(f"{source} -> {target}")
    for remark in left_out:
        click.echo(f"left out: {remark}", err=True)


@command.command("continue")
@click.argument("experiment")
@click.argument("checkpoints", type=EXISTING_FOLDER)
@click.argument("iteration", type=click.IntRange(1))
@overrides_option
@flag(RunsOptions, "output")
def continue_(
    experiment: str, checkpoints: Path, iteration: int, overrides: tuple[str, ...], output: Path
) -> None:
    """Make a run of EXPERIMENT out of G_, D_ and state_ITERATION.pth in the folder CHECKPOINTS.

    Networks, both Adam states and the iteration are taken over. The published program trains on
    blue, green, red: set channel_order for both networks, here or in the experiment.

    \b
    Example:
      srcore esrdgan continue mine.toml runs/esrdgan 100000
      srcore run mine.toml --resume
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.checking.experiment import check_experiment
    from srplug_esrdgan.continuation import continue_training

    loaded = check_experiment(experiment, overrides, plugins=plugins())
    click.echo(continue_training(loaded, checkpoints, iteration, output))
