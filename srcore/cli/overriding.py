"""Flags that several commands have: overrides of an experiment, choices for a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from torch import nn

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as losses[0].weight=0.1.",
)


def beginning_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--from-stage`` and ``--weights``."""
    weights = click.option(
        "--weights", metavar="FILE",
        help="What the generator starts from, as generator.weights.",
    )  # fmt: skip
    stage = click.option(
        "--from-stage", metavar="NAME",
        help="Begin with a later stage, from --weights; as first_stage.",
    )  # fmt: skip
    return stage(weights(command))


def beginning(
    overrides: tuple[str, ...], from_stage: str | None, weights: str | None
) -> tuple[str, ...]:
    """The overrides with those that two options stand for."""
    given = {"first_stage": from_stage, "generator.weights": weights}
    return (*(f"{key}={json.dumps(value)}" for key, value in given.items() if value), *overrides)


network_option = click.option(
    "--network",
    multiple=True,
    metavar="KEY=VALUE",
    help="Option of the network that can be chosen here, such as steps=4.",
)

order_option = click.option(
    "--channel-order",
    type=click.Choice(["rgb", "bgr"]),
    help="Order of the colours that the weights expect.  [default: rgb]",
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Of what a sampling network draws.",
)


def load_network(weights: str | Path, device: Any, options: dict[str, Any]) -> nn.Module:
    """The generator of a file with what ``--key``, ``--network``, ``--channel-order`` say of it."""
    from srcore.api import load_generator
    from srcore.cli.console import say
    from srcore.plugin.manager import plugins
    from srcore.weights.channel_order import BgrNetwork, order_remark
    from srcore.weights.containers import read_checkpoint
    from srcore.weights.use import chosen

    checkpoint = read_checkpoint(weights, key=options["key"])
    network = load_generator(checkpoint, device, options=chosen(options["network"]))
    order = options["channel_order"]
    remark = "" if order else order_remark(checkpoint, plugins().registry)
    if remark:
        say(f"srcore: {remark}", err=True)
    return BgrNetwork(network).eval() if order == "bgr" else network
