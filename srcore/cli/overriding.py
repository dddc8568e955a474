"""``--set KEY=VALUE``, the same in every command that reads an experiment."""

import click

overrides_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as losses[0].weight=0.1.",
)
