"""Plugins that a run was given by ``--plugin``: what was recorded, and whether they are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from srcore.errors import PluginError
from srcore.plugin.manager import PluginManager
from srcore.runs.folder import RunFolder

#: Part of the provenance that holds a hash of the files of each.
PART = "plugins"


def read_provenance(folder: Path) -> dict[str, dict[str, Any]]:
    """What was recorded in the folder of a stage; empty if nothing was."""
    try:
        content = json.loads(RunFolder(folder).provenance.read_bytes())
    except (OSError, ValueError):
        return {}
    parts = content.items() if isinstance(content, dict) else ()
    return {name: part for name, part in parts if isinstance(part, dict)}


def missing_plugins(folder: Path, plugins: PluginManager) -> str:
    """What is to be said of plugins that a stage was run with and that are not there; or nothing.

    Args:
        folder: of the stage.
        plugins: those of now.
    """
    gone = sorted(read_provenance(folder).get(PART, {}).keys() - plugins.named_states.keys())
    if not gone:
        return ""
    options = " ".join(f"--plugin {name}" for name in gone)
    return (
        f"{folder}: was run with {options}, which is not there now; give it again, before the "
        "command or in SRCORE_PLUGINS"
    )


def refuse_missing_plugins(folder: Path, plugins: PluginManager) -> None:
    """Do not go on without them.

    Raises:
        PluginError: names them.
    """
    text = missing_plugins(folder, plugins)
    if text:
        raise PluginError(text)
