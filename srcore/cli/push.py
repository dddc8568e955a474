"""Upload the model of a run with its card to the Hugging Face hub."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs
import click

from srcore.cards.about import About
from srcore.cli.existing import EXISTING_FOLDER
from srcore.cli.flags import flags
from srcore.plugin.manager import plugins

#: All but the address, which the hub gives.
_ASKED = [it.name for it in attrs.fields(About) if it.name != "url"]


@click.command()
@click.argument("run", type=EXISTING_FOLDER)
@click.argument("repository", metavar="OWNER/NAME")
@flags("about", About, _ASKED, names={"tags": "tag"})
@click.option("--private", is_flag=True, help="Make a repository that others do not see.")
@click.option("--yes", is_flag=True, help="Upload without asking.")
def command(run: Path, repository: str, about: About, private: bool, yes: bool) -> None:
    """Upload the model of RUN with its card to the hub, as OWNER/NAME.

    What is uploaded is what `srcore card` writes, in one commit; the repository is made if there
    is none. Needs a login (`hf auth login`, or HF_TOKEN) and pip install "srcore[hub]".

    \b
    Examples:
      srcore push runs/my_x4 me/my-x4 --license CC-BY-4.0 --author me
      srcore push runs/my_x4 me/my-x4 --private --yes
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.cards.card import card_of
    from srcore.cards.card_folder import write_card
    from srcore.cards.pushing import push_folder
    from srcore.cli.fetching import confirmed
    from srcore.models.hub import endpoint, hub_library

    hub_library()
    if repository.count("/") != 1 or not all(repository.split("/")):
        raise click.UsageError(f"expected OWNER/NAME, found {repository}")
    url = f"{endpoint()}/{repository}/resolve/main"
    card = card_of(run, about, plugins())
    card = card.at(f"{url}/{card.weights.name}")
    license = card.about.license or "without a license (--license names one)"
    click.echo(f"srcore: {card.title}, {license}, to {endpoint()}/{repository}", err=True)
    if not confirmed("Upload it?", yes=yes, what="it is to be uploaded"):
        raise click.exceptions.Exit(1)
    with tempfile.TemporaryDirectory() as folder:
        write_card(card, Path(folder), plugins().registry)
        message = f"{card.title}, {card.iteration} iterations"
        click.echo(push_folder(Path(folder), repository, private=private, message=message))
