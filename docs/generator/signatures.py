"""Signatures as the source has them, the same in every version of Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs

_WIDTH = 88


def definition(name: str, function: Callable[..., Any], *, method: bool = False) -> str:
    """``def name(...) -> ...:`` with real parameters, one per line where it gets long."""
    signature = inspect.signature(function)
    parameters = list(_parameters(signature, skip_first=method))
    result = _annotation(signature.return_annotation)
    arrow = f" -> {result}" if result else ""
    line = f"def {name}({', '.join(parameters)}){arrow}: ..."
    if len(line) <= _WIDTH:
        return line
    return f"def {name}(\n" + "".join(f"    {entry},\n" for entry in parameters) + f"){arrow}: ..."


def fields(cls: type) -> Iterator[tuple[str, str]]:
    """(name, type) of the fields of an attrs class, without private ones."""
    for attribute in attrs.fields(cls):
        if not attribute.name.startswith("_"):
            yield attribute.name, _annotation(_raw_annotation(cls, attribute.name))


def _raw_annotation(cls: type, name: str) -> Any:
    """The text of the source: attrs may have resolved its own copy."""
    for base in cls.__mro__:
        found = inspect.get_annotations(base)
        if name in found:
            return found[name]
    return ""


def _parameters(signature: inspect.Signature, *, skip_first: bool) -> Iterator[str]:
    starred = False
    for index, parameter in enumerate(signature.parameters.values()):
        if skip_first and index == 0:
            continue
        prefix = ""
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            yield "*"
            starred = True
        if parameter.kind is parameter.VAR_POSITIONAL:
            prefix, starred = "*", True
        if parameter.kind is parameter.VAR_KEYWORD:
            prefix = "**"
        annotation = _annotation(parameter.annotation)
        entry = f"{prefix}{parameter.name}" + (f": {annotation}" if annotation else "")
        if parameter.default is not parameter.empty:
            equals = " = " if annotation else "="
            entry += equals + _default(parameter.default)
        yield entry


def _annotation(value: Any) -> str:
    if value is inspect.Signature.empty:
        return ""
    if isinstance(value, str):
        return value.replace("'", '"')
    return value.__name__ if isinstance(value, type) else str(value)


def _default(value: Any) -> str:
    if isinstance(value, Path):
        return f'"{value}"'
    if isinstance(value, str):
        return f'"{value}"'
    return "..." if value is attrs.NOTHING or inspect.isfunction(value) else repr(value)
