"""Entries of the plugins of this repository in the index of known plugins."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from srcore.cli.main import SrcoreGroup
from srcore.plugin.manager import PluginManager
from srcore.plugin.registry import Registry
from writers.lists import PLUGINS, ROOT, filled

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_INDEX = "srcore/plugin/index.toml"
_START, _END = "# ours: written by docs/generate.py\n", "# end of ours"


def plugin_index(manager: PluginManager) -> dict[Path, str]:
    """The index and what it holds with the entries of today."""
    commands = SrcoreGroup()
    manager.hook.srcore_register_commands(cli=commands)
    entries = [_entry(folder, manager.registry, commands.owners) for folder in PLUGINS]
    written = "\n" + tomli_w.dumps({"plugins": entries}) + "\n"
    return {ROOT / _INDEX: filled(_INDEX, written, _START, _END)}


def _entry(folder: Path, registry: Registry, commands: Mapping[str, str]) -> dict[str, Any]:
    about = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    components: dict[str, list[str]] = {}
    for component in registry.components():
        if component.owner == folder.name:
            components.setdefault(component.kind, []).append(component.name)
    shipped = registry.experiments().items()
    prefixes = {name.partition("/")[0] for name, (_, owner) in shipped if owner == folder.name}
    return {
        "name": next(iter(about["project"]["entry-points"]["srcore"])),
        "distribution": folder.name,
        "summary": about["project"]["description"],
        "url": about["project"]["urls"]["Homepage"],
        "experiments": sorted(prefixes),
        "commands": sorted(name for name, owner in commands.items() if owner == folder.name),
        "components": components,
    }
