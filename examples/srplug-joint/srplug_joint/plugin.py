"""What this plugin brings."""

from pathlib import Path

import srcore
from srplug_joint import options


@srcore.hookimpl
def srcore_register_components(registry):
    registry.add("method", "joint", options.JointOptions, "srplug_joint.method:Joint")
    registry.add(
        "network",
        "shrink",
        options.ShrinkOptions,
        "srplug_joint.networks:Shrink",
        provides=["shrinks"],
    )


@srcore.hookimpl
def srcore_register_experiments(registry):
    registry.add_experiments("joint", Path(__file__).parent / "experiments")
