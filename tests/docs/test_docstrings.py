"""What the core and plugins hold says what it is, private functions left out.

Functions of tensors and pictures say which shapes.
"""

import ast
import re
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


#: Annotations of pictures and tensors, and of what holds too many of them to have one shape.
_ARRAYS = re.compile(r"\b(Tensor|NDArray|ndarray|\w*Array)\b")
_COLLECTIONS = re.compile(r"\b(Mapping|dict)\[str, Tensor|\b(Callable|Iterable)\[")
_QUOTED = re.compile(r"``([^`]+)``")
_SHAPE = re.compile(r"(?<!\w)\([^()]+,")


def arrays_of(function):
    """The annotations of a function that are tensors or pictures."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    annotations = [it.annotation for it in every] + [function.returns]
    texts = [ast.unparse(it) for it in annotations if it is not None]
    return [it for it in texts if _ARRAYS.search(it) and not _COLLECTIONS.search(it)]


def names_a_shape(text):
    """Whether a docstring has something like ``(N, C, H, W)``, or says that any will do."""
    return "any shape" in text or any(_SHAPE.search(quoted) for quoted in _QUOTED.findall(text))


def test_functions_of_tensors_and_pictures_say_which_shapes():
    count, silent = 0, []
    for path in sorted((ROOT / "srcore").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                has_arrays = bool(arrays_of(node))
                count += has_arrays
                if has_arrays and not names_a_shape(ast.get_docstring(node) or ""):
                    silent.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    assert count > 100
    assert not silent
