"""Entries of the plugins of this repository in the index of known plugins."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tomli_w

from srcore.plugin.registry import Registry
from writers.lists import PLUGINS, ROOT, filled

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_INDEX = "srcore/plugin/index.toml"
_START, _END = "# ours: written by docs/generate.py\n", "# end of ours"


def plugin_index(registry: Registry) -> dict[Path, str]:
    """The index and what it holds with the entries of today."""
    entries = [_entry(folder, registry) for folder in PLUGINS]
    written = "\n" + tomli_w.dumps({"plugins": entries}) + "\n"
    return {ROOT / _INDEX: filled(_INDEX, written, _START, _END)}


def _entry(folder: Path, registry: Registry) -> dict[str, Any]:
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
        "components": components,
    }
