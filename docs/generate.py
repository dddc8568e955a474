"""Write the generated pages of the documentation.

    python docs/generate.py            # into docs/reference
    python docs/generate.py FOLDER     # elsewhere

The pages describe the core and the plugins of this repository, which must all be installed. They
are committed; ``tests/docs/test_reference.py`` fails where they differ from the code.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

from generator.api import api_page
from generator.components import components_page, configuration_page
from generator.program import cli_page, hooks_page

from srcore.cli.main import cli
from srcore.files.atomic import write_bytes
from srcore.plugin.discovery import GROUP
from srcore.plugin.manager import PluginManager, using

OURS = {"srcore", *(f"srplug-{name}" for name in ("esrdgan", "ldl", "sed", "dlsn", "usrdu"))}
_NOTE = "<!-- Made by docs/generate.py from the code. Do not edit. -->\n\n"


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    strangers = {
        distribution.name
        for distribution in distributions()
        if any(entry.group == GROUP for entry in distribution.entry_points)
    } - OURS
    with using(PluginManager(without=strangers)) as manager:
        missing = OURS - {plugin.distribution for plugin in manager.plugins}
        if missing:
            sys.exit(f"install the plugins of this repository first: {', '.join(sorted(missing))}")
        cli.forget_added()
        manager.hook.srcore_register_commands(cli=cli)
        found = {
            "hooks": hooks_page(manager),
            "configuration": configuration_page(),
            "components": components_page(manager.registry),
            "cli": cli_page(cli),
            "api": api_page(),
        }
    return {f"{name}.md": _NOTE + text for name, text in found.items()}


def main(folder: Path) -> None:
    """Write all pages into a folder."""
    for name, text in pages().items():
        write_bytes(folder / name, text.encode(), durable=False)
        print(folder / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "reference")
