"""What the plugin registers with srcore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from srcore.cli.main import SrcoreGroup


@hookimpl
def srcore_register_commands(cli: SrcoreGroup) -> None:
    """``srcore ray``."""
    cli.add_target("ray", "srplug_ray.commands:command", "Enlarge images on a Ray cluster.")
