"""Nearly everything in the core and in plugins says what it is, private functions left out."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "srcore", *sorted(path.parent for path in ROOT.glob("plugins/*/*/__init__.py"))]
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def documentable(tree):
    """The module, its public classes and functions, and their public methods."""
    yield tree
    for node in tree.body:
        if isinstance(node, _DEFINITIONS) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                methods = (it for it in node.body if isinstance(it, _DEFINITIONS))
                yield from (it for it in methods if not it.name.startswith("_"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_nearly_everything_has_a_docstring(package):
    count, without = 0, []
    for path in sorted(package.rglob("*.py")):
        for node in documentable(ast.parse(path.read_text("utf-8"))):
            count += 1
            if not ast.get_docstring(node):
                without.append(f"{path.name}: {getattr(node, 'name', 'module')}")
    assert count > 10
    assert len(without) <= 0.05 * count, f"{len(without)} of {count} have none: {without}"
