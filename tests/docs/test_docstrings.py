"""What the core and plugins hold says what it is, private functions left out.

Functions of tensors and pictures say which shapes.
"""

import ast
import functools
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


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_a_docstring_says_more_than_a_name(package):
    assert [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, _DEFINITIONS)
        and re.fullmatch(r"\w+\.?", (ast.get_docstring(node) or "").partition("\n")[0])
    ] == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_errors_stand_under_their_heading(package):
    """``Raises:``, where the reference makes a list of them, and not in a sentence."""
    documented = (ast.Module, *_DEFINITIONS)
    assert [
        f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'module')}"
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, documented)
        and re.search(r"\bRaises [:`~\w]", ast.get_docstring(node) or "")
    ] == []


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
    """Whether it has something like ``(N, C, H, W)``, says scalar, or that any shape will do."""
    if "any shape" in text or re.search(r"\bscalars?\b", text):
        return True
    return any(_SHAPE.search(quoted) for quoted in _QUOTED.findall(text))


@functools.cache
def classes():
    """All classes by name, which `tests/test_words.py` holds to one meaning."""
    trees = [ast.parse(path.read_text("utf-8")) for it in PACKAGES for path in it.rglob("*.py")]
    return {
        node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)
    }


def texts_of(method, owner, known):
    """Docstrings of a class and its method, and those that the method implements."""
    yield ast.get_docstring(owner) or ""
    same = [it for it in owner.body if isinstance(it, _DEFINITIONS) and it.name == method]
    yield from (ast.get_docstring(it) or "" for it in same)
    for base in owner.bases:
        name = ast.unparse(base).partition("[")[0].rpartition(".")[2]
        if name in known and known[name] is not owner:
            yield from texts_of(method, known[name], known)


def functions_of_arrays(tree, known):
    """Public functions and methods of a module, with all that is said of them."""
    for node in tree.body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.FunctionDef) and arrays_of(node):
            yield node, ast.get_docstring(node) or ""
        elif isinstance(node, ast.ClassDef):
            for it in node.body:
                is_public = isinstance(it, ast.FunctionDef) and not it.name.startswith("_")
                if is_public and arrays_of(it):
                    yield it, " ".join(texts_of(it.name, node, known))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_functions_and_methods_of_tensors_and_pictures_say_which_shapes(package):
    known = classes()
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in sorted(package.rglob("*.py"))
        for node, text in functions_of_arrays(ast.parse(path.read_text("utf-8")), known)
        if not names_a_shape(text)
    ]
    assert not silent


def test_the_rule_looks_at_methods_and_takes_what_a_base_class_says():
    base = "class Base:\n    def f(self, x: Tensor):\n        {doc}\n"
    tree = ast.parse(
        base.format(doc='"""Of ``(N, C, H, W)``."""')
        + "class Child(Base):\n"
        + ("    def f(self, x: Tensor):\n        pass\n    def g(self) -> Tensor:\n        pass\n")
    )
    known = {node.name: node for node in tree.body}
    silent = [it.name for it, text in functions_of_arrays(tree, known) if not names_a_shape(text)]
    assert silent == ["g"]


def bases_of(known):
    """Of all classes: name -> names of the classes that they derive from."""
    return {
        name: {ast.unparse(it).rpartition(".")[2] for it in node.bases} - {name}
        for name, node in known.items()
    }


def ancestors(name, bases):
    """The class itself and all that it derives from."""
    return {name}.union(*(ancestors(it, bases) for it in bases.get(name, ())))


def raised(function):
    """Names of what a function raises, itself; what stands in a ``try`` may be caught there."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Lambda, *_DEFINITIONS)):
            continue
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield ast.unparse(node.exc.func).rpartition(".")[2]
        children = list(ast.iter_child_nodes(node))
        caught = node.body if isinstance(node, ast.Try) and node.handlers else ()
        waiting += [it for it in children if it not in caught]


def is_command(function):
    """Whether somebody types it: there it is the help that is read."""
    return any("command" in ast.unparse(it) for it in function.decorator_list)


def makers_in(tree):
    """Functions that return what others raise, with the type: ``raise damaged(where, text)``."""
    return {
        node.name: ast.unparse(node.returns).strip("'")
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.returns
    }


@functools.cache
def makers_by_module():
    """Makers of errors of all modules, so that those which are imported are followed."""
    return {
        ".".join(path.relative_to(package.parent).with_suffix("").parts): makers_in(
            ast.parse(path.read_text("utf-8"))
        )
        for package in PACKAGES
        for path in package.rglob("*.py")
    }


def makers_seen_by(tree, by_module):
    """Makers of a module, and those that it imports by name."""
    imported = {
        alias.asname or alias.name: by_module[node.module][alias.name]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in by_module.get(node.module, ())
    }
    return imported | makers_in(tree)


def documented_errors(text):
    """Names of the types under ``Raises:``."""
    told = text.partition("Raises:")[2]
    return set(re.findall(r"^\s+(?:\w+\.)*([A-Z]\w+)(?:, [A-Z]\w+)*:", told, re.MULTILINE)) | {
        name
        for names in re.findall(r"^\s+([A-Z]\w+(?:, [A-Z]\w+)+):", told, re.MULTILINE)
        for name in names.split(", ")
    }


def silent_about_errors(tree, known, by_module):
    """Public functions and methods, and errors of ours that they raise and do not document."""
    bases, makers = bases_of(known), makers_seen_by(tree, by_module)
    for owner in [tree, *(it for it in tree.body if isinstance(it, ast.ClassDef))]:
        if getattr(owner, "name", "").startswith("_"):
            continue
        for node in owner.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            if node.name.startswith("_") or is_command(node):
                continue
            told = ast.get_docstring(node) or ""
            if owner is not tree:
                told = "\n".join(texts_of(node.name, owner, known))
            for name in sorted({makers.get(it, it) for it in raised(node)}):
                above = ancestors(name, bases)
                if "SrcoreError" in above and not above & documented_errors(told):
                    yield f"{node.name}: {name}"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_what_raises_an_error_of_ours_says_so(package):
    """Under ``Raises:``, the type or one above; what helpers raise is beyond a test that reads."""
    known = classes()
    assert [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted(package.rglob("*.py"))
        for name in silent_about_errors(
            ast.parse(path.read_text("utf-8")), known, makers_by_module()
        )
    ] == []


def test_the_rule_looks_at_what_a_function_itself_raises():
    source = '''
class SrcoreError(Exception): pass
class DataError(SrcoreError): pass
def made() -> DataError: return DataError()
def silent(): raise DataError("x")
def by_another(): raise made()
def says():
    """Do it.

    Raises:
        DataError: always.
    """
    raise DataError("x")
def catches():
    try:
        raise DataError("x")
    except DataError: pass
def gives():
    def inner(): raise DataError("x")
    return inner
def not_ours(): raise ValueError("x")
@group.command()
def typed(): raise DataError("x")
def _private(): raise DataError("x")
class Some:
    def method(self): raise DataError("x")
'''
    tree = ast.parse(source)
    known = {it.name: it for it in tree.body if isinstance(it, ast.ClassDef)}
    assert list(silent_about_errors(tree, known, {})) == [
        "silent: DataError",
        "by_another: DataError",
        "method: DataError",
    ]


def test_the_type_that_is_raised_is_the_one_that_is_told():
    source = '''
from makers import damaged
class SrcoreError(Exception): pass
class DataError(SrcoreError): pass
class WeightsError(SrcoreError): pass
def other():
    """Do it.

    Raises:
        WeightsError: always.
    """
    raise DataError("x")
def above():
    """Do it.

    Raises:
        ValueError: at times.
        SrcoreError: always.
    """
    raise DataError("x")
def by_imported(): raise damaged("x")
'''
    tree = ast.parse(source)
    known = {it.name: it for it in tree.body if isinstance(it, ast.ClassDef)}
    by_module = {"makers": {"damaged": "DataError"}}
    assert list(silent_about_errors(tree, known, by_module)) == [
        "other: DataError",
        "by_imported: DataError",
    ]
