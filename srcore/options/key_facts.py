"""Keys of options classes as programs read them: ``srcore components --json``."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import attrs

from srcore.options.declaration import declaration_of, key_of
from srcore.options.describing import is_inner_table, key_type

#: Where a meaning says a unit: "sides in pixels", "seconds to wait", "pixels of the border".
_UNIT = re.compile(
    r"(?:^|\bin (?:(?:low|high)-resolution )?)(pixels|seconds|hours|iterations|bytes|degrees)\b"
)
#: Where a docstring names a paper: "EDSR (Lim et al. 2017, arXiv 1707.02921)".
_PAPER = re.compile(r"\(([^()]*\b(?:19|20)\d\d\b[^()]*)\)")


def key_facts(options: type) -> Iterator[dict[str, Any]]:
    """What is declared of every key, in the order of declaration.

    Keys of a table inside the table have names such as ``table.key``.

    Args:
        options: a class of options.
    """
    attrs.resolve_types(options)
    for field in attrs.fields(options):
        if is_inner_table(field):
            for inner in key_facts(field.type):
                yield {**inner, "key": f"{key_of(field)}.{inner['key']}"}
            continue
        declaration = declaration_of(field)
        unit = _UNIT.search(declaration.help)
        limits = {name: getattr(declaration, name) for name in ("ge", "gt", "le", "lt")}
        yield {
            "key": key_of(field),
            "type": key_type(field),
            "required": field.default is attrs.NOTHING,
            "default": plain_default(field),
            "limits": {name: limit for name, limit in limits.items() if limit is not None},
            "choices": _words_of(field.type),
            "unit": unit[1] if unit else None,
            "path": declaration.path,
            "may_change": declaration.may_change,
            "help": declaration.help,
        }


def paper_of(options: type) -> str | None:
    """The paper that the docstring of a class of options names; None: it names none."""
    paper = _PAPER.search(inspect.getdoc(options) or "")
    return paper[1] if paper else None


def _words_of(annotation: Any) -> list[Any]:
    """All words that the annotation of a key lists."""
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [word for part in get_args(annotation) for word in _words_of(part)]


def plain_default(field: attrs.Attribute[Any]) -> Any:
    """The default of a key as TOML can write it; None if there is none, or none of that kind."""
    default = field.default
    if default is attrs.NOTHING or default is None:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class
        default = default.factory()
    return _toml_value(default)


def _toml_value(value: Any) -> Any:
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple)):
        items = [_toml_value(item) for item in value]
        return None if any(item is None for item in items) else items
    if isinstance(value, dict):
        entries = {key: _toml_value(item) for key, item in value.items()}
        return None if any(item is None for item in entries.values()) else entries
    return None
