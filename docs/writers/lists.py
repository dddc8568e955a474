"""Lists of the plugins of this repository in files that are written by hand otherwise.

What they say of a plugin stands in the table ``[tool.srcore]`` of its ``pyproject.toml``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.files import text_tables

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))

_NOTE = "plugins: written by docs/generate.py"
_COLUMNS = ("plugin", "paper", "what it adds", "how it is written")


def lists() -> dict[Path, str]:
    """Files and what they hold with the lists of today."""
    return {
        ROOT / "README.md": filled("README.md", _readme(), f"<!-- {_NOTE} -->\n", "<!-- end -->"),
        ROOT / "docs/index.md": filled(
            "docs/index.md", _index(), f"<!-- {_NOTE} -->", "<!-- end -->"
        ),
        ROOT / "requirements-dev.txt": filled(
            "requirements-dev.txt", _requirements(), f"# {_NOTE}\n", "# end"
        ),
    }


def filled(file: str, content: str, start: str, end: str) -> str:
    """The text of a file with another list between two markers."""
    text = (ROOT / file).read_text("utf-8")
    before, _, rest = text.partition(start)
    _, marker, after = rest.partition(end)
    if not marker:
        sys.exit(f"{file}: expected a list between {start.strip()} and {end}")
    return f"{before}{start}{content}{end}{after}"


def _readme() -> str:
    rows = [(f"`{name}`", it["paper"], it["adds"], it["origin"]) for name, it in _described()]
    core = ROOT / "pyproject.toml"
    about = tomllib.loads(core.read_text("utf-8"))["tool"]["srcore"]
    rows.append(("core", about["paper"], about["adds"], about["origin"]))
    return "\n".join(text_tables.markdown(_COLUMNS, rows)) + "\n"


def _described() -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in PLUGINS:
        about = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["tool"].get("srcore")
        if about is None:
            sys.exit(f"{folder.name}: its pyproject.toml says nothing in [tool.srcore]")
        yield folder.name, about


def _index() -> str:
    pages = [f"methods/{folder.name.removeprefix('srplug-')}.md" for folder in PLUGINS]
    return ", ".join(f"[{_title(ROOT / 'docs' / page)}]({page})" for page in pages)


def _title(page: Path) -> str:
    heading = re.match(r"# (.*)\n", page.read_text("utf-8"))
    return heading[1] if heading else page.stem


def _requirements() -> str:
    return "".join(f"-e plugins/{folder.name}[test]\n" for folder in PLUGINS)
