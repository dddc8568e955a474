"""Print a shipped experiment to start from, or list them."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import click

from srcore.cli.completing import shipped_experiments
from srcore.cli.flags import flag
from srcore.cli.loading import Loading
from srcore.cli.schema import FILE as SCHEMA_FILE
from srcore.config.reading import locate, parse_experiment, read_experiment
from srcore.files.text_tables import aligned
from srcore.plugin.manager import plugins

#: First line of an experiment, by which editors find what they complete and mark.
_SCHEMA = f"#:schema {SCHEMA_FILE}\n"
#: What an experiment needs beside a network.
_REST = """
[[losses]]
type = "l1"

[data.train]
{train}
hr_patch_size = {patch}
flip = true
rotate = true

[data.validation.own]
{validation}

[[metrics]]
type = "psnr"

[optimizer.generator]
type = "adam"
learning_rate = 1e-5        # a tenth of what most networks are trained with

[train]
iterations = 20000
batch_size = 8
"""
_FOLDER = 'type = "hr_folder"\nhr = "{0}"  # a folder of images'
_FOLDERS_OF_PAIRS = """\
type = "paired_folder"
hr = "{0}/clean"
lr = "{0}/damaged"  # images of the names and sizes of the clean ones"""
_PATCH = 64  # pixels of a side of what the network sees, as most networks are trained on


@click.command()
@click.argument("name", required=False, shell_complete=shipped_experiments)
@click.option("--flat", is_flag=True, help="What it extends is written out: one whole file.")
@click.option(
    "--from-weights",
    metavar="FILE|MODEL",
    help="Begin with the network of this file, or published model: its type, options, scale and "
    "weights.",
)
@flag(Loading, "yes")
def command(name: str | None, flat: bool, from_weights: str | None, yes: bool) -> None:
    """Print the shipped experiment NAME; without NAME, list all of them.

    With --from-weights the network is that of a file, of any program whose files srcore reads: the
    experiment extends NAME, or is a short one on L1 that is to be completed.

    The first line names the schema by which editors complete keys and mark what is wrong; srcore
    schema -o srcore.schema.json writes it.

    \b
    Examples:
      srcore new
      srcore new psnr_rrdb_x4 > experiment.toml
      srcore new esrgan_x4 --flat > experiment.toml
      srcore new --from-weights 4x-UltraSharp.pth > finetune.toml
      srcore new --from-weights model:ultrasharpv2 > finetune.toml
      srcore new esrgan_x4 --from-weights 4x-UltraSharp.pth > finetune.toml
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    if from_weights is not None:
        if flat:
            raise click.UsageError("--flat and --from-weights cannot be combined")
        from srcore.cli.fetching import located

        click.echo(_SCHEMA + _from_weights(located(from_weights, yes=yes), name), nl=False)
        return
    if flat:
        click.echo(_SCHEMA + _flat_experiment(name), nl=False)
        return
    if name is not None:
        click.echo(_SCHEMA + locate(name, plugins().registry).read_text("utf-8"), nl=False)
        return
    shipped = plugins().registry.experiments()
    rows = [(name, f"{_first_comment(path)} [{owner}]") for name, (path, owner) in shipped.items()]
    for line in aligned(rows):
        click.echo(line)


def _flat_experiment(name: str | None) -> str:
    """The merged tables of an experiment, as one file; its keys and no defaults."""
    import tomli_w

    if name is None:
        raise click.UsageError("--flat needs the name of an experiment")
    table = read_experiment(name, plugins().registry).table
    plain = {key: value for key, value in table.items() if not isinstance(value, (dict, list))}
    stages = {"stages": table.pop("stages")} if "stages" in table else {}
    return f"# {_first_comment(locate(name, plugins().registry))}\n\n" + tomli_w.dumps(
        {**plain, **table, **stages}
    )


def _from_weights(file: Path, name: str | None) -> str:
    """An experiment that goes on from a file."""
    import tomli_w

    from srcore.checking.generator_telling import held, settings
    from srcore.cli.fetching import label_of
    from srcore.models.addressed_path import written

    registry = plugins().registry
    if name is not None:
        locate(name, registry)
    weights = held(file, registry)
    label = label_of(file)
    generator = {**settings(weights), "weights": written(file if label else file.absolute())}
    head = f"# Goes on from {label or file.name}: {weights.network} x{weights.scale}\n\n"
    told = {"name": f"from_{label or file.stem}", "scale": weights.scale, "generator": generator}
    if name is not None:
        return head + tomli_w.dumps({"extends": name, **told})
    return head + tomli_w.dumps(told) + _rest(weights.scale)


def _rest(scale: int) -> str:
    """What is to be completed: folders of images, of pairs where nothing is enlarged."""
    folders = _FOLDER if scale > 1 else _FOLDERS_OF_PAIRS
    train, validation = (folders.format(name) for name in ("train", "validation"))
    return _REST.format(train=train, validation=validation, patch=_PATCH * scale)


def _first_comment(path: object) -> str:
    """The first sentence of the comment that a shipped experiment begins with."""
    file = Path(str(path))
    parse_experiment(file)
    lines = (line.partition("#")[2].strip() for line in file.read_text("utf-8").split("\n"))
    paragraph = " ".join(itertools.takewhile(bool, lines))
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph, maxsplit=1)[0]
