"""Write the card of a model: what it is, how it was made, how good it is."""

from __future__ import annotations

from pathlib import Path

import click

from srcore.cards.about import About
from srcore.cli.existing import EXISTING_FOLDER
from srcore.cli.flags import flags
from srcore.plugin.manager import plugins
from srcore.runs.folder import RunFolder


@click.command()
@click.argument("run", type=EXISTING_FOLDER)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where the card goes.  [default: card in the folder of the run]",
)
@flags("about", About, names={"tags": "tag"})
def command(run: Path, output: Path | None, about: About) -> None:
    """Write the card of the model that RUN has trained.

    A folder gets README.md (for the Hugging Face hub), the same as card.json, an entry for
    OpenModelDB, the experiment, the weights and pictures: recipe, data with hashes, license,
    results with their protocol, parameters and speed. It names no place on this machine. All data
    is read once, for its hashes. A card is written anew each time.

    \b
    Examples:
      srcore card runs/my_x4 --author me --license CC-BY-4.0
      srcore card runs/my_x4 -o my_x4_card --title "My x4" --tag photo --description "For photos."
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.cards.card import card_of
    from srcore.cards.card_folder import write_card

    card = card_of(run, about, plugins())
    for path in write_card(card, output or RunFolder(run).card, plugins().registry):
        click.echo(path)
