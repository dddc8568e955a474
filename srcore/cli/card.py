"""Write the card of a model: what it is, how it was made, how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import click

from srcore.cli.flags import flags
from srcore.options import option
from srcore.plugin.manager import plugins
from srcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from srcore.cards.card import Card


@attrs.frozen(kw_only=True)
class AboutFlags:
    """What only the author of a model knows."""

    title: Annotated[str, "TEXT"] = option("", "what the model is called; without it as the run")
    author: Annotated[str, "NAME"] = option("", "who publishes it")
    license: Annotated[str, "NAME"] = option("", "of the weights, such as CC-BY-4.0")
    description: Annotated[str, "TEXT"] = option("", "what it is for")
    tag: Annotated[tuple[str, ...], "WORD"] = option((), "by which it is found; repeatable")


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
    help="Where the card goes.  [default: card in the folder of the run]",
)  # fmt: skip
@flags("about", AboutFlags)
@click.option("--url", metavar="URL", help="Where the file of weights will lie.")
def command(run: Path, output: Path | None, about: AboutFlags, url: str | None) -> None:
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
    from srcore.cards.card_folder import write_card

    card = card_for(run, about, url or "")
    for path in write_card(card, output or RunFolder(run).card, plugins().registry):
        click.echo(path)


def card_for(run: Path, about: AboutFlags, url: str) -> Card:
    """The card of a run, with what the command line says of it."""
    from srcore.cards.card import About, card_of

    told = About(
        title=about.title, author=about.author, license=about.license,
        description=about.description, tags=about.tag, url=url,
    )  # fmt: skip
    return card_of(run, told, plugins())
