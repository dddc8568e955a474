"""What docstrings list is there: parameters, attributes, and the names that they point to."""

import ast
import functools
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [ROOT / "srcore", *sorted(path.parent for path in ROOT.glob("plugins/*/*/__init__.py"))]
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|exc):`~?([\w.]+)`")


def listed(node, heading):
    """Names under a heading of a docstring, in their order; None without that heading."""
    text = (ast.get_docstring(node) or "") + "\n"
    section = re.search(rf"^{heading}:\n((?: {{4}}.*\n|\n)*)", text, re.MULTILINE)
    if section is None:
        return None
    lines = re.findall(r"^ {4}((?:\*{0,2}\w+(?:, )?)+)(?: \([^)]*\))?:", section[1], re.MULTILINE)
    return [name.lstrip("*") for names in lines for name in names.split(", ")]


def parameters(function, owner=None):
    """Names of the parameters, without the object or class of a method."""
    told = function.args
    named = [*told.posonlyargs, *told.args, told.vararg, *told.kwonlyargs, told.kwarg]
    is_method = owner is not None and "staticmethod" not in map(
        ast.unparse, function.decorator_list
    )
    return [it.arg for it in named if it is not None][1 if is_method else 0 :]


def constructed_with(owner):
    """Parameters of a constructor; where none is written, fields."""
    for node in owner.body:
        if isinstance(node, _FUNCTIONS) and node.name == "__init__":
            return parameters(node, owner)
    return [it.target.id for it in owner.body if isinstance(it, ast.AnnAssign)]


def attributes(owner):
    """What instances may have: fields, methods and properties, what any method assigns."""
    names = set()
    for node in ast.walk(owner):
        if isinstance(node, _FUNCTIONS):
            names.add(node.name)
        elif isinstance(node, (ast.Attribute, ast.Name)) and isinstance(node.ctx, ast.Store):
            names.add(node.attr if isinstance(node, ast.Attribute) else node.id)
    return names


def documented(node, owner=None):
    """All functions and classes below, each with the class that it is a part of."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (*_FUNCTIONS, ast.ClassDef)):
            yield child, owner
            yield from documented(child, child if isinstance(child, ast.ClassDef) else None)
        else:
            yield from documented(child, owner)


def wrong_lists(tree):
    """Functions and classes whose ``Args:`` or ``Attributes:`` are others than those they have."""
    for node, owner in documented(tree):
        is_class = isinstance(node, ast.ClassDef)
        if (told := listed(node, "Args")) is not None:
            has = constructed_with(node) if is_class else parameters(node, owner)
            if told != has:
                yield f"{node.name}: Args: {told}, but it has {has}"
        if is_class and (told := listed(node, "Attributes")) is not None:
            unreal = set(told) - attributes(node)
            if unreal:
                yield f"{node.name}: no attribute {sorted(unreal)}"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_listed_parameters_and_attributes_are_those_that_there_are(package):
    assert [
        f"{path.relative_to(ROOT)}: {wrong}"
        for path in sorted(package.rglob("*.py"))
        for wrong in wrong_lists(ast.parse(path.read_text("utf-8")))
    ] == []


@pytest.mark.parametrize(
    ("parameters", "said", "wrong"),
    [
        ("image, scale=2", "Args:\n    image: it.\n    scale: of it.", False),
        ("image, scale=2", "Args:\n    image, scale: both.", False),
        ("*images, **more", "Args:\n    *images: all.\n    **more: keys.", False),
        ("image, scale=2", "Args:\n    image: it.", True),
        ("image", "Args:\n    picture: it.", True),
        ("image, scale", "Args:\n    scale: of it.\n    image: it.", True),
        ("image", "Nothing is listed.", False),
    ],
)
def test_a_list_of_other_parameters_is_found(parameters, said, wrong):
    told = said.replace("\n", "\n    ")
    source = f'def f({parameters}):\n    """Do it.\n\n    {told}\n    """\n'
    assert bool(list(wrong_lists(ast.parse(source)))) == wrong


def test_an_attribute_that_is_not_there_is_found():
    text = '"""It.\n\n    Args:\n        a: it.\n\n    Attributes:\n        b: of it.\n    """'
    source = f"class C:\n    {text}\n    def __init__(self, a):\n        self.{{name}} = a\n"
    assert list(wrong_lists(ast.parse(source.format(name="c")))) == ["C: no attribute ['b']"]
    assert not list(wrong_lists(ast.parse(source.format(name="b"))))


@functools.cache
def leads_somewhere(dotted):
    """Whether a dotted name is a module, or something that a module or class has."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        try:
            holder = importlib.import_module(".".join(parts[:count]))
        except ImportError:
            continue
        for name in parts[count:]:
            if name in getattr(holder, "__annotations__", {}):
                return True  # a field
            if not hasattr(holder, name):
                return False
            holder = getattr(holder, name)
        return True
    return False


def lost_names(tree, module):
    """Names with a role, as in ``:class:`name```, that lead nowhere."""
    for node, owner in [(tree, None), *documented(tree)]:
        names = _ROLE.findall(ast.get_docstring(node, clean=False) or "")
        if not names:
            continue
        # Sphinx looks in the class, in the module, and everywhere.
        around = node if isinstance(node, ast.ClassDef) else owner
        near = attributes(around) if around else ()
        for name in names:
            if name not in near and not any(map(leads_somewhere, (name, f"{module}.{name}"))):
                yield name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda folder: folder.name)
def test_names_that_docstrings_point_to_exist(package):
    lost = []
    for path in sorted(package.rglob("*.py")):
        module = ".".join(path.relative_to(package.parent).with_suffix("").parts)
        names = lost_names(ast.parse(path.read_text("utf-8")), module.removesuffix(".__init__"))
        lost += [f"{path.relative_to(ROOT)}: {name}" for name in names]
    assert lost == []


def test_a_name_that_leads_nowhere_is_found():
    assert leads_somewhere("srcore.upscale")
    assert leads_somewhere("srcore.contracts.LossContext.sr")
    assert not leads_somewhere("srcore.contracts.LossContext.picture")
    assert not leads_somewhere("srcore.nothing.here")
