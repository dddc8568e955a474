"""The index of known plugins, so that an unknown name can say what to install.

``index.toml`` has one entry per plugin. Those of this project are written by ``docs/generate.py``
from what they register; how others join is told in ``docs/how-to/share-a-plugin.md``.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import attrs

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Where the plugins of this project are described.
_OURS = "https://github.com/srcore/srcore"

INDEX = Path(__file__).with_name("index.toml")

#: Distribution by name, by kind of component; ``"experiment"`` has the prefixes of experiments,
#: ``"command"`` the commands.
Known = dict[str, dict[str, str]]


@attrs.frozen(kw_only=True)
class KnownPlugin:
    """An entry of the index.

    Attributes:
        name: of its entry point.
        distribution: what pip installs.
        summary: what it brings, in a sentence.
        url: where it is described.
        components: names by kind.
        experiments: prefixes of the experiments that it ships.
        commands: names of the commands that it adds.
    """

    name: str
    distribution: str
    summary: str
    url: str
    components: dict[str, list[str]] = attrs.field(factory=dict)
    experiments: list[str] = attrs.field(factory=list)
    commands: list[str] = attrs.field(factory=list)


@functools.cache
def known_entries() -> tuple[KnownPlugin, ...]:
    """All entries, in the order of the file."""
    tables: list[dict[str, Any]] = tomllib.loads(INDEX.read_text("utf-8"))["plugins"]
    return tuple(KnownPlugin(**table) for table in tables)


@functools.cache
def known_components() -> Known:
    """Kind -> name -> distribution; of a name that several bring, the first in the index."""
    known: Known = {}
    for plugin in known_entries():
        others = {"experiment": plugin.experiments, "command": plugin.commands}
        for kind, names in {**plugin.components, **others}.items():
            for name in names:
                known.setdefault(kind, {}).setdefault(name, plugin.distribution)
    return known


def comes_with(distribution: str) -> str:
    """How to get it, for the end of a message; of plugins of others where to read about them."""
    plugin = next((it for it in known_entries() if it.distribution == distribution), None)
    about = f"; {plugin.url}" if plugin is not None and not is_ours(plugin) else ""
    return f"it comes with {distribution} (pip install {distribution}{about})"


def is_ours(plugin: KnownPlugin) -> bool:
    """Whether a plugin is of this project: its entry is written, and its name needs no address."""
    return plugin.url.startswith(_OURS)
