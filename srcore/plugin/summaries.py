"""What a docstring tells in a listing or an editor: one line of text, without its markup."""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
from importlib.util import find_spec
from pathlib import Path

from srcore.options.declaration import NoOptions
from srcore.plugin.building import Component
from srcore.plugin.targets import Target

_ROLE = re.compile(r":\w+:`~?([^`]+)`")
_ABOUT_TABLE = re.compile(r"^``[^`]+``(, \.\.\.)?: ")
_ABOUT_ITSELF = re.compile(r": ``type = [^`]+``(, the default)?(?=\.?$)")


def first_paragraph(cls: type) -> str:
    """The first paragraph of a docstring, without the table that it is about."""
    paragraph = (inspect.getdoc(cls) or "").split("\n\n", 1)[0]
    return without_markup(_ABOUT_TABLE.sub("", paragraph))


def without_markup(docstring: str) -> str:
    """A part of a docstring on one line; code in single backticks, as in the help of commands."""
    return _ROLE.sub(r"`\1`", docstring).replace("``", "`").replace("\n", " ")


def summary_of(component: Component) -> str:
    """What a component is: of its options, or, if it has no keys, of what it builds."""
    if component.options is not NoOptions:
        text = inspect.getdoc(component.options) or ""
    else:
        text = _docstring_of(component.target)
    return without_markup(_ABOUT_ITSELF.sub("", text.split("\n", 1)[0]))


def _docstring_of(target: Target) -> str:
    """Read in the file of its module, which is not imported: that may take torch, and seconds."""
    if not isinstance(target, str):
        return inspect.getdoc(target) or ""
    module, _, name = target.partition(":")
    with contextlib.suppress(ImportError, OSError, SyntaxError, ValueError):
        spec = find_spec(module)
        tree = ast.parse(Path(spec.origin or "").read_text("utf-8") if spec else "")
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
                return ast.get_docstring(node) or ""
    return ""
