"""A default stands once, where its key is declared: functions take it from there."""

import ast
from functools import cache
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


@cache
def shared():
    """What functions declare for several classes: name -> the call of ``option``."""
    functions = (
        (function.name, function.body[-1])
        for path in FILES
        for function in ast.parse(path.read_text("utf-8")).body
        if isinstance(function, ast.FunctionDef)
    )
    return {
        name: last.value
        for name, last in functions
        if isinstance(last, ast.Return) and is_declaration(last.value)
    }


def is_declaration(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "option"


def declared(tree):
    """The keys with a literal default: name -> defaults."""
    keys = {}
    for node in ast.walk(tree):
        for field in node.body if isinstance(node, ast.ClassDef) else []:
            call = getattr(field, "value", None)
            if isinstance(call, ast.Call) and not call.args:
                call = shared().get(ast.unparse(call.func))
            if is_declaration(call) and call.args:
                keys.setdefault(field.target.id, []).append(literal(call.args[0]))
    return keys


def literal_defaults(function):
    """Parameters with a literal default that says something: name -> line, default."""
    told = function.args
    named = [*told.posonlyargs, *told.args]
    pairs = zip(named[len(named) - len(told.defaults) :], told.defaults, strict=True)
    for parameter, default in [*pairs, *zip(told.kwonlyargs, told.kw_defaults, strict=True)]:
        value = literal(default) if default is not None else None
        if value not in NEUTRAL:
            yield parameter.arg, (parameter.lineno, value)


def functions_in(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def fields_of(tree):
    """Fields of classes with a literal default that says something: class, name, line, default."""
    for node in ast.walk(tree):
        for field in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(field, ast.AnnAssign) and field.value is not None:
                value = literal(field.value)
                if value not in NEUTRAL:
                    yield node.name, ast.unparse(field.target), field.lineno, value


def repeated(tree, keys):
    """Parameters with a literal default that the key of the same name has as well."""
    for function in functions_in(tree):
        for name, (line, value) in literal_defaults(function):
            if value in keys.get(name, ()):
                yield f"{function.name}({name}), line {line}"
    for owner, name, line, value in fields_of(tree):
        if value in keys.get(name, ()):
            yield f"{owner}.{name}, line {line}"


def classes_of_keys(trees):
    """Keys with a literal default of every class and of its bases: class -> name -> default."""
    nodes = {it.name: it for tree in trees for it in tree.body if isinstance(it, ast.ClassDef)}
    known = {}

    def keys(name):
        if name not in known:
            known[name] = {}
            bases = [ast.unparse(it) for it in reversed(nodes[name].bases)]
            for base in (it for it in bases if it in nodes):
                known[name] |= keys(base)
            own = declared(ast.Module([nodes[name]], []))
            known[name] |= {key: values[-1] for key, values in own.items()}
        return known[name]

    return {name: keys(name) for name in nodes if keys(name)}


def taken_over(tree, classes):
    """Functions with two defaults of one class of keys, wherever that stands: they are its own."""
    for function in functions_in(tree):
        told = {name: value for name, (_, value) in literal_defaults(function)}
        for name, keys in classes.items() if len(told) > 1 else ():
            if sum(key in keys and keys[key] == value for key, value in told.items()) > 1:
                yield f"{function.name}, line {function.lineno}: {name}"


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


def test_no_function_repeats_the_defaults_of_a_class_of_keys_elsewhere():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in FILES}
    classes = classes_of_keys(trees.values())
    assert {"weights", "use_input_norm"} < set(classes["PerceptualOptions"])
    assert [
        f"{path.relative_to(ROOT)}: {place}"
        for path, tree in trees.items()
        for place in taken_over(tree, classes)
    ] == []


def test_two_defaults_of_keys_elsewhere_are_found():
    keys = ast.parse(
        'class Base:\n    taps: int = option(7, "odd")\n'
        'class Options(Base):\n    sigma: float = option(2.0, "pixels")\n'
    )
    classes = classes_of_keys([keys])
    assert classes["Options"] == {"taps": 7, "sigma": 2.0}
    written = "def blur(image, sigma=2.0, *, taps=7): ..."
    assert list(taken_over(ast.parse(written), classes)) == ["blur, line 1: Options"]
    assert not list(taken_over(ast.parse("def blur(image, sigma=2.0): ..."), classes))


def test_a_repeated_default_is_found():
    keys = declared(ast.parse('class Options:\n    taps: int = option(7, "odd")\n'))
    assert keys == {"taps": [7]}
    written = "def blur(image, sigma=7, *, taps=7): ..."
    assert list(repeated(ast.parse(written), keys)) == ["blur(taps), line 1"]
    assert not list(repeated(ast.parse("def blur(image, taps=_DEFAULT.taps): ..."), keys))
    assert not list(repeated(ast.parse("def blur(image, *, taps): ..."), keys))


#: Their files are written from the signatures of libraries (``writers`` of the plugins).
WRITTEN_BY_PROGRAMS = ("srplug_optimizers/options", "srplug_spandrel/options")


def test_no_declaration_stands_twice():
    """What two classes declare alike is a function that both call: it changes for both."""
    places = {}
    for path in FILES:
        if any(name in path.as_posix() for name in (*WRITTEN_BY_PROGRAMS, "examples/")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for field in node.body if isinstance(node, ast.ClassDef) else []:
                call = getattr(field, "value", None)
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("option"):
                    said = f"{ast.unparse(field.target)}: {ast.unparse(call)}"
                    places.setdefault(said, []).append(f"{path.name}:{node.name}")
    assert len(places) > 300
    repeated = {said: where for said, where in places.items() if len(where) > 1}
    assert not repeated, "a function in srcore/options/shared_keys.py or beside them says it once"


def test_a_default_that_a_field_repeats_is_found():
    keys = declared(ast.parse('class Options:\n    taps: int = option(7, "odd")\n'))
    written = "class Blur:\n    taps: int = 7\n    sigma: int = 7\n    mode: str = _DEFAULT.mode"
    assert list(repeated(ast.parse(written), keys)) == ["Blur.taps, line 2"]
