"""The schema of one value from its annotation and declaration: types, limits, words, defaults."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from srcore.options.declaration import LARGEST_INTEGER, Declaration, declaration_of
from srcore.options.describing import default_text, meaning_text
from srcore.options.key_facts import plain_default

#: A schema, or a part of one.
Schema = dict[str, Any]
_PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string"}


def value_schema(
    annotation: Any, declaration: Declaration, table: Callable[[type], Schema], *, depth: int = 0
) -> Schema:
    """What a value of an annotation may be.

    Args:
        annotation: of a key, resolved; see :mod:`srcore.options.describing` for what there is.
        declaration: its limits.
        table: makes the schema of a class of options, of a table inside.
        depth: how many lists it lies in; limits hold for elements, not for those of lists in lists.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        parts = [part for part in arguments if part is not type(None)]  # TOML has no none
        return _any_of([value_schema(part, declaration, table, depth=depth) for part in parts])
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (list, tuple):
        return _list_schema(annotation, declaration, table, depth)
    if origin is dict:
        inner = value_schema(arguments[1], declaration, table, depth=2)
        return {"type": "object", "additionalProperties": inner}
    if annotation is Path:
        return {"type": "string", "minLength": 1}
    if annotation in _PLAIN:
        return {"type": _PLAIN[annotation], **_limits(annotation, declaration, depth)}
    return table(annotation)


def _list_schema(
    annotation: Any, declaration: Declaration, table: Callable[[type], Schema], depth: int
) -> Schema:
    arguments = get_args(annotation)
    is_open = get_origin(annotation) is list or (len(arguments) == 2 and arguments[1] is ...)
    parts = arguments[:1] if is_open else arguments
    items = [value_schema(part, declaration, table, depth=depth + 1) for part in parts]
    if is_open:
        return {"type": "array", "items": items[0]}
    same = all(item == items[0] for item in items)
    length = {"minItems": len(items), "maxItems": len(items)}
    return {"type": "array", "items": items[0] if same else items, **length}


def _any_of(schemas: list[Schema]) -> Schema:
    """One schema for all; plain types are put together, which editors tell in fewer words."""
    unique = [schema for at, schema in enumerate(schemas) if schema not in schemas[:at]]
    if len(unique) == 1:
        return unique[0]
    if all(set(schema) == {"type"} and isinstance(schema["type"], str) for schema in unique):
        return {"type": [schema["type"] for schema in unique]}
    return {"anyOf": unique}


def _bounded(declaration: Declaration) -> bool:
    return declaration.le is not None or declaration.lt is not None


def _limits(annotation: Any, declaration: Declaration, depth: int) -> Schema:
    limits: Schema = {}
    if annotation is int and not _bounded(declaration):
        limits = {"minimum": -LARGEST_INTEGER, "maximum": LARGEST_INTEGER}
    if annotation not in (int, float) or depth > 1:
        return limits
    declared = {
        "minimum": declaration.ge,
        "exclusiveMinimum": declaration.gt,
        "maximum": declaration.le,
        "exclusiveMaximum": declaration.lt,
    }
    return limits | {key: limit for key, limit in declared.items() if limit is not None}


def told_of_key(field: attrs.Attribute[Any]) -> Schema:
    """What editors show of a key: meaning, limits, whether it may change, default."""
    text = meaning_text(declaration_of(field))
    default = default_text(field)
    state = default if default == "required" else f"default: `{default}`"
    about: Schema = {"description": f"{text}\n\n{state}" if text else state}
    value = plain_default(field)
    return about if value is None else {**about, "default": value}
