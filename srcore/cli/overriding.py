"""Flags of several commands that override keys of an experiment."""

from __future__ import annotations

import json
from collections.abc import Callable

import click

from srcore.cli.completing import experiment_keys

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    shell_complete=experiment_keys,
    help="Override a key, such as losses[0].weight=0.1.",
)


def beginning_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--from-stage`` and ``--weights``."""
    weights = click.option(
        "--weights",
        metavar="FILE",
        help="What the generator starts from, as generator.weights.",
    )
    stage = click.option(
        "--from-stage",
        metavar="NAME",
        help="Begin with a later stage, from --weights; as first_stage.",
    )
    return stage(weights(command))


def beginning(
    overrides: tuple[str, ...], from_stage: str | None, weights: str | None
) -> tuple[str, ...]:
    """The overrides with those that two options stand for."""
    given = {"first_stage": from_stage, "generator.weights": weights}
    return (*(f"{key}={json.dumps(value)}" for key, value in given.items() if value), *overrides)
