"""Messages quote by double quotes: ``srcore.messages.shown`` in the core, by hand elsewhere."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = [
    *sorted((ROOT / "srcore").rglob("*.py")),
    *sorted(ROOT.glob("plugins/*/srplug_*/**/*.py")),
    *sorted(ROOT.glob("plugins/*/writers/*.py")),
]
#: What is to be typed into a shell or into MATLAB is quoted as it is quoted there.
TYPED = re.compile(r"(pip install|--set|--output|such as|save\(\.\.\.,) '[^']*'")
#: A word, or what stands in its place, in single quotes; an apostrophe has a letter before it.
SINGLE = re.compile(r"(?<![\w{}])'[^\s',()\\][^'\n]*'(?!\w)")
#: What writes Python; patterns that read TOML; what writes messages; numbers in a table; what
#: browsers read; what is only compared.
OTHERS = {
    "plugins/srplug-optimizers/writers/write_optimizers.py",
    "plugins/srplug-spandrel/writers/write_networks.py",
    "srcore/config/edited.py",
    "srcore/files/toml.py",
    "srcore/messages.py",
    "srcore/runs/records.py",
    "srcore/serving/policies.py",
    "srcore/testing/checks/networks.py",
}


def wrong_quotes(source):
    """Lines of f-strings that quote by ``repr`` and of texts that quote by single quotes."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) for part in parts_of(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.conversion == ord("r"):
            yield node.lineno, "!r"
        if isinstance(node, ast.Name) and node.id == "repr":
            yield node.lineno, "repr"
        text = "" if id(node) in inside else text_of(node)
        if "%r" in text:
            yield node.lineno, "%r"
        if SINGLE.search(TYPED.sub("", text)):
            yield node.lineno, text


def parts_of(node):
    """What is no text of its own: pieces of f-strings, and docstrings."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    body = getattr(node, "body", None)
    statements = body if isinstance(body, list) else []
    return [statement.value for statement in statements if isinstance(statement, ast.Expr)]


def text_of(node):
    """A text with braces in the places of its values."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_messages_quote_in_double_quotes(path):
    if path.relative_to(ROOT).as_posix() not in OTHERS:
        assert list(wrong_quotes(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    [
        'f"no kind {name!r}"',
        'f"no kinds {list(map(repr, names))}"',
        "f\"no kind '{name}'\"",
        "\"use 'matlab'\"",
        'f"no " f"kind \'{name}\'; there are {names}"',
        'text % "no kind %r"',
    ],
)
def test_another_kind_is_refused(source):
    assert list(wrong_quotes(f"raise Refused({source})"))


@pytest.mark.parametrize(
    "source",
    [
        'f"no kind {shown(name)}"',
        "f'no kind \"{name}\"'",
        "f\"the network's layers and the losses' weights\"",
        "\"pip install 'srcore[heif]'\"",
        "f\"{len(rows)} images' values; the network's own\"",
    ],
)
def test_double_quotes_apostrophes_commands_and_docstrings_are_not(source):
    assert not list(wrong_quotes(f"raise Refused({source})"))


def test_a_docstring_may_quote_code():
    assert not list(wrong_quotes('def f():\n    """Returns ``\'this\'``."""'))
