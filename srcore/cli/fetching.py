"""Weights of a command line: files, and models that are fetched once the user agrees."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srcore.errors import SrcoreError
from srcore.plugin.manager import plugins

if TYPE_CHECKING:
    from srcore.models.source import Offer


class NotAskedError(SrcoreError):
    """Something needs the consent of somebody who cannot be asked."""

    exit_code = 2


def located(weights: str | Path, *, yes: bool) -> Path:
    """The file that a command line names: a path, the address of a model, or its bare name.

    Args:
        weights: a file that exists is taken before a model of that name.
        yes: fetch what is not here without asking.

    Raises:
        UnknownModelError: there is neither a file nor a model of that name.
        SrcoreError: the model cannot be had.
    """
    from srcore.config.paths import MISSING, paths_beside, what_is_there
    from srcore.models.catalog import Catalog, UnknownModelError
    from srcore.models.resolving import address_in, weights_file
    from srcore.suggest import closest

    text, path = str(weights), Path(weights)
    registry = plugins().registry
    if not address_in(text, registry) and what_is_there(path) == MISSING:
        known = [*Catalog(registry).models, *paths_beside(path)]
        hint = closest(text, known) or "srcore models lists those that are published"
        raise UnknownModelError(f"{text}: no such file or published model; {hint}")
    return weights_file(text, registry, lambda offer: agreed(offer, yes=yes))


def label_of(path: Path) -> str:
    """What tables call the weights of a file; empty: what the file is called."""
    from srcore.models.addressed_path import AddressedPath

    source = path.source if isinstance(path, AddressedPath) else None
    return "" if source is None else source.label


def agreed(offer: Offer, *, yes: bool) -> bool:
    """Show what is to be fetched, on standard error, and ask.

    Raises:
        NotAskedError: there is no terminal to ask at.
    """
    if offer.instead:
        click.echo(f"srcore: {offer.what} {offer.instead}; it is fetched again", err=True)
    click.echo(f"srcore: {offer.line}", err=True)
    for line in (offer.place, *offer.about):
        click.echo(f"  {line}", err=True)
    return confirmed("Fetch it?", yes=yes, what=f"{offer.what} is to be fetched")


def confirmed(question: str, *, yes: bool, what: str) -> bool:
    """Ask, unless ``--yes`` was given.

    Args:
        question: what is asked.
        yes: whether the answer is known.
        what: begins the message where nobody can be asked.

    Raises:
        NotAskedError: there is no terminal to ask at.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise NotAskedError(f"{what}, and there is no terminal to ask at: add --yes")
    return click.confirm(question, err=True)
