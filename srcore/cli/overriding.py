"""Flags that several commands have: overrides of an experiment, choices for a network."""

import click

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as losses[0].weight=0.1.",
)

network_option = click.option(
    "--network",
    multiple=True,
    metavar="KEY=VALUE",
    help="Option of the network that can be chosen here, such as steps=4.",
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Of what a sampling network draws.",
)
