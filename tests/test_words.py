"""One word per idea: no variable whose name says nothing, one spelling."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("srcore", "plugins", "examples", "benchmarks", "docs", "tests")
#: They fit every value and tell nothing of it.
EMPTY = {"found", "tmp", "temp", "data2", "foo", "obj", "res", "ret", "stuff", "thing"}


def bound_names(source):
    """Variables and arguments, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


@pytest.mark.parametrize("folder", FOLDERS)
def test_variables_have_a_noun(folder):
    sources = sorted((ROOT / folder).rglob("*.py"))
    assert sources
    assert [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources
        for name, line in bound_names(path.read_text("utf-8"))
        if name in EMPTY
    ] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_levels_are_gray(folder):
    other = "gr" + "ey"
    texts = [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in (".py", ".md")]
    assert [path for path in texts if other in path.read_text("utf-8").lower()] == []
