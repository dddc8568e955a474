"""What the code of srcore says of a public name, as griffe reads it."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe

_WIDTH = 88
#: Defaults of other types are told by nothing but their code.
_PLAIN = (bool, int, float, str, tuple, type(None))


def defined(path: str) -> Any:
    """The griffe object of a dotted name, wherever it was imported from."""
    member = _package()[path.removeprefix("srcore.")]
    return member.final_target if member.is_alias else member


@functools.cache
def _package() -> Any:
    root = Path(__file__).parents[2]
    return griffe.load("srcore", search_paths=[root], allow_inspection=False)


def is_private(name: str) -> bool:
    """Whether a name is nobody else's; one that Python calls by itself is one of all."""
    return name.startswith("_") and name != "__call__"


def definition(function: griffe.Function) -> str:
    """``def name(...) -> ...: ...``, one parameter per line where it gets long."""
    for parameter in function.parameters:
        if parameter.default is not None and not _is_literal(str(parameter.default)):
            value = _default(function, parameter.name)
            parameter.default = repr(value) if isinstance(value, _PLAIN) else "..."
    line = f"def {quoted(function.signature())}: ..."
    if len(line) <= _WIDTH:
        return line
    entries = "".join(f"    {quoted(entry)},\n" for entry in _entries(function))
    result = f" -> {function.annotation}" if function.annotation else ""
    return f"def {function.name}(\n{entries}){quoted(result)}: ..."


def _entries(function: griffe.Function) -> Iterator[str]:
    is_starred = False
    for number, parameter in enumerate(function.parameters):
        if number == 0 and function.parent is not None and function.parent.is_class:
            continue
        alone = griffe.Function("", parameters=griffe.Parameters(parameter)).signature()[1:-1]
        entry = alone.removeprefix("*, ")
        if entry != alone and not is_starred:
            yield "*"
        is_starred = is_starred or alone.startswith("*")
        yield entry


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except ValueError:
        return False
    return True


def _default(function: griffe.Function, parameter: str) -> Any:
    """The value of a default that is an expression in the code."""
    value: Any = importlib.import_module(function.module.path)
    for name in function.path.removeprefix(f"{function.module.path}.").split("."):
        value = getattr(value, name)
    return inspect.signature(value).parameters[parameter].default


def quoted(signature: str) -> str:
    """What the source of a type or signature looks like with double quotation marks."""
    return signature.replace("'", '"')
