"""Write the generated pages of the documentation.

    python docs/generate.py            # into docs/reference; lists of plugins
    python docs/generate.py FOLDER     # elsewhere

The pages describe the core and the plugins of this repository, which must all be installed. They
are committed; ``tests/docs/test_reference.py`` fails where they differ from the code.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

from writers.api import api_page
from writers.architectures import architectures_page
from writers.backends import backends
from writers.components import components_page, configuration_page
from writers.films import films
from writers.lists import lists
from writers.measured import measured
from writers.option_files import option_files_page
from writers.plugin_index import plugin_index
from writers.program import cli_page, hooks_page

from srcore.cli.main import cli
from srcore.files.atomic import write_bytes
from srcore.plugin.discovery import GROUP
from srcore.plugin.manager import PluginManager, using

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir())
OURS = {"srcore", *PLUGINS}
_NOTE = "<!-- Made by docs/generate.py from the code. Do not edit. -->\n\n"


def ours() -> PluginManager:
    """The core and all plugins of this repository, and no others."""
    strangers = {
        distribution.name
        for distribution in distributions()
        if any(entry.group == GROUP for entry in distribution.entry_points)
    } - OURS
    manager = PluginManager(without=strangers)
    missing = OURS - {plugin.distribution for plugin in manager.plugins}
    if missing:
        sys.exit(f"install the plugins of this repository first: {', '.join(sorted(missing))}")
    return manager


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    with using(ours()) as manager:
        cli.forget_added()
        manager.hook.srcore_register_commands(cli=cli)
        texts = {
            "hooks": hooks_page(manager),
            "configuration": configuration_page(),
            "components": components_page(manager.registry),
            "cli": cli_page(cli),
            "api": api_page(),
            "architectures": architectures_page(),
            "moving": option_files_page(),
        }
    return {f"{name}.md": _NOTE + text for name, text in texts.items()}


def main(folder: Path) -> None:
    """Write all pages into a folder."""
    for name, text in pages().items():
        write_bytes(folder / name, text.encode(), durable=False)
        print(folder / name)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        main(ROOT / "docs/reference")
        known = plugin_index(ours())
        for file, text in {**known, **lists(), **measured(), **backends(), **films()}.items():
            write_bytes(file, text.encode(), durable=False)
