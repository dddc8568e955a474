"""What is found out of every stage of an experiment: printed as it comes, or as JSON at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs
import click

Figures = TypeVar("Figures", bound=attrs.AttrsInstance)


def told_figures(
    told: Iterable[Figures | str], lines: Callable[[Figures], Iterable[str]], *, as_json: bool
) -> list[Figures]:
    """The figures of all stages, printed unless they are to be told as JSON.

    Args:
        told: of each stage its figures, or a remark why it has none.
        lines: figures in words.
        as_json: nothing is printed yet.
    """
    figures = []
    for it in told:
        if not isinstance(it, str):
            figures.append(it)
        if not as_json:
            for line in [it] if isinstance(it, str) else lines(it):
                click.echo(line)
    return figures


def echo_json(name: str, figures: Iterable[attrs.AttrsInstance]) -> None:
    """Print the figures of an experiment as JSON."""
    stages = [attrs.asdict(it) for it in figures]
    click.echo(json.dumps({"name": name, "stages": stages}, indent=2))
