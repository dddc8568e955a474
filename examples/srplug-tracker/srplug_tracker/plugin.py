"""What this plugin brings."""

from pathlib import Path

import srcore


@srcore.hookimpl
def srcore_register_components(registry):
    for name, cls in (("tracker", "Tracker"), ("plateau", "Plateau")):
        options, target = f"srplug_tracker.options:{cls}Options", f"srplug_tracker.handlers:{cls}"
        registry.add("handler", name, options, target)


@srcore.hookimpl
def srcore_register_experiments(registry):
    registry.add_experiments("tracker", Path(__file__).parent / "experiments")
