"""What LDL registers with srcore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from srcore.hookspecs import hookimpl

if TYPE_CHECKING:
    from ignite.engine import Engine

    from srcore.cli.main import SrcoreGroup
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.plugin.registry import Registry


@hookimpl
def srcore_register_components(registry: Registry) -> None:
    """The loss."""
    package = "srplug_ldl"
    registry.add(
        "loss",
        "ldl",
        f"{package}.options:LDLOptions",
        f"{package}.losses:LDLLoss",
        needs=("ema_sr",),
    )


@hookimpl
def srcore_register_experiments(registry: Registry) -> None:
    """The published experiments and tiny ones."""
    registry.add_experiments("ldl", Path(__file__).parent / "experiments")


@hookimpl
def srcore_register_commands(cli: SrcoreGroup) -> None:
    """``srcore ldl``."""
    help_text = "LDL: look at the artifacts of a generator."
    cli.add_target("ldl", "srplug_ldl.commands:command", help_text)


@hookimpl
def srcore_engines_created(run: Run, parts: Parts, evaluator: Engine) -> None:
    """Pictures of the artifact map in every validation."""
    from srplug_ldl.handlers import attach_pictures

    attach_pictures(run, parts, evaluator)
