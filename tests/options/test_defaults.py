"""A default stands once, where its key is declared: functions take it from there."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "srcore", *ROOT.glob("plugins/*/srplug_*"), *ROOT.glob("examples/*/srplug_*")]
FILES = [path for folder in FOLDERS for path in folder.rglob("*.py")]
#: What parameters have when nothing is said; that a key has it as well tells nothing.
NEUTRAL = (None, False, 0, "", ())


def literal(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def declared(tree):
    """The keys with a literal default: name -> defaults."""
    keys = {}
    for node in ast.walk(tree):
        for field in node.body if isinstance(node, ast.ClassDef) else []:
            call = getattr(field, "value", None)
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "option" and call.args:
                keys.setdefault(field.target.id, []).append(literal(call.args[0]))
    return keys


def repeated(tree, keys):
    """Parameters with a literal default that the key of the same name has as well."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        told = function.args
        named = [*told.posonlyargs, *told.args]
        pairs = zip(named[len(named) - len(told.defaults) :], told.defaults, strict=True)
        for parameter, default in [*pairs, *zip(told.kwonlyargs, told.kw_defaults, strict=True)]:
            value = literal(default) if default is not None else None
            if value not in NEUTRAL and value in keys.get(parameter.arg, ()):
                yield f"{function.name}({parameter.arg}), line {parameter.lineno}"


@pytest.fixture(scope="module")
def keys_of_folders():
    """The keys that are declared in each folder: those of its components."""
    folders = {}
    for path in FILES:
        for key, values in declared(ast.parse(path.read_text("utf-8"))).items():
            folders.setdefault(path.parent, {}).setdefault(key, []).extend(values)
    return folders


def test_no_function_repeats_the_default_of_a_key_beside_it(keys_of_folders):
    assert len(keys_of_folders) > 15
    assert [
        f"{path.relative_to(ROOT)}: {repetition}"
        for path in FILES
        for repetition in repeated(
            ast.parse(path.read_text("utf-8")),
            # networks of one folder below are built with the keys of the folder
            keys_of_folders.get(path.parent, keys_of_folders.get(path.parent.parent, {})),
        )
    ] == []


def test_a_repeated_default_is_found():
    keys = declared(ast.parse('class Options:\n    taps: int = option(7, "odd")\n'))
    assert keys == {"taps": [7]}
    written = "def blur(image, sigma=7, *, taps=7): ..."
    assert list(repeated(ast.parse(written), keys)) == ["blur(taps), line 1"]
    assert not list(repeated(ast.parse("def blur(image, taps=_DEFAULT.taps): ..."), keys))
    assert not list(repeated(ast.parse("def blur(image, *, taps): ..."), keys))
