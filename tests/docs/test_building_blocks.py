"""What plugins are made of is named in the documentation, and exists."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from writers.api import RECEIVED, public_names
from writers.definitions import defined

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/building-blocks.md").read_text("utf-8")
LINES = re.findall(r"^\| `(srcore[\w.]*)` \| (`.+?`) \|", PAGE, re.MULTILINE)
ROWS = {module: re.findall(r"`(\w+)`", names) for module, names in LINES}
DOCUMENTED = {
    *public_names(),
    *RECEIVED,
    *(f"{module}.{name}" for module, names in ROWS.items() for name in names),
}
#: Those of this repository, and what ``srcore new-plugin`` makes others of.
PACKAGES = [
    *ROOT.glob("plugins/*/srplug_*"),
    *ROOT.glob("examples/*/srplug_*"),
    *ROOT.glob("srcore/scaffold/*/srplug_NAME"),
]


def imported(package):
    """Dotted names of srcore that the files of a plugin import."""
    for file in (*package.rglob("*.py"), *package.rglob("*.py.in")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "srcore":
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from (it.name for it in node.names if it.name.startswith("srcore."))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda it: f"{it.parent.name}-{it.name}")
def test_plugins_import_what_is_documented(package):
    undocumented = sorted(set(imported(package)) - DOCUMENTED)
    assert not undocumented, "add a row to docs/how-to/building-blocks.md, or use what is there"


def test_a_module_has_one_row():
    assert len(LINES) == len(ROWS)


@pytest.mark.parametrize("module", ROWS)
def test_documented_names_exist(module):
    assert ROWS[module]
    made, written = importlib.import_module(module), defined(module).members
    assert not [it for it in ROWS[module] if not (it in written or hasattr(made, it))]


def test_the_table_holds_nothing_that_no_plugin_uses():
    used = {name for package in PACKAGES for name in imported(package)}
    listed = {f"{module}.{name}" for module, names in ROWS.items() for name in names}
    alike = {"srcore.losses.entries.batch_entry"}  # the more general form of its neighbor
    assert listed - used <= alike
