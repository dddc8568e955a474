"""What options classes say of their keys: for listings and the reference, and whether they can.

These are the types that a key may have; everything else is refused when the class is first used:
``bool``, ``int``, ``float``, ``str``, ``Path``, ``Literal``, ``list``, ``tuple``, ``dict`` with
keys of text, unions of these, another attrs class (a table inside the table), and components
(:func:`srcore.options.selection.component`).
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from srcore.options.declaration import KIND, METADATA_KEY, Declaration, declaration_of, key_of
from srcore.options.selection import Selected

_PLAIN = (bool, int, float, str, Path)


def describe(options: type) -> Iterator[tuple[str, str, str, str]]:
    """Yield (key, type, default, help) for every key of an options class, in declaration order.

    Keys of a table inside the table are yielded as ``table.key``.
    """
    attrs.resolve_types(options)
    for attribute in attrs.fields(options):
        if is_inner_table(attribute):
            for key, *about in describe(attribute.type):
                yield f"{key_of(attribute)}.{key}", about[0], about[1], about[2]
            continue
        text = meaning_text(declaration_of(attribute))
        yield key_of(attribute), key_type(attribute), default_text(attribute), text


def meaning_text(declaration: Declaration) -> str:
    """What a key means, with its limits and whether it may change on resume."""
    notes = (declaration.limits, declaration.may_change and "may change on resume")
    noted = "; ".join(note for note in notes if note)
    return declaration.help + (f" ({noted})" if noted else "")


def is_inner_table(attribute: attrs.Attribute[Any]) -> bool:
    """Whether a key is a table whose keys are fixed, rather than a component's."""
    declared = METADATA_KEY in attribute.metadata and KIND not in attribute.metadata
    return declared and _is_table(attribute.type)


def key_type(attribute: attrs.Attribute[Any]) -> str:
    """The type of a key as users should read it; components are tables."""
    if KIND not in attribute.metadata:
        return type_name(attribute.type)
    inner = without_none(attribute.type)
    shape = {dict: "tables by name", tuple: "list of tables", list: "list of tables"}
    name = shape.get(get_origin(inner), "table")
    return name if inner is attribute.type else f"{name} | none"


def without_none(annotation: Any) -> Any:
    """``X`` of ``X | None``; every other annotation as it is."""
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [choice for choice in get_args(annotation) if choice is not type(None)]
        return rest[0] if len(rest) == 1 else annotation
    return annotation


def type_name(annotation: Any) -> str:
    """An annotation as users should read it: ``"a" | "b"``, ``list[int]``, ``path``, ``table``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return " | ".join(type_name(choice) for choice in get_args(annotation))
    if _is_table(annotation):
        return "table"
    text = str(annotation) if hasattr(annotation, "__args__") else annotation.__name__
    for prefix in ("typing.", "pathlib._local.", "pathlib.", "collections.abc."):
        text = text.replace(prefix, "")
    if text.startswith("Literal["):
        return " | ".join(
            f'"{value}"' if isinstance(value, str) else str(value) for value in annotation.__args__
        )
    return text.replace("Path", "path").replace("NoneType", "none").replace("None", "none")


def worded_type(annotation: Any) -> str:
    """What a key of several types may hold, as people say it."""
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return words.get(annotation) or type_name(annotation)


@functools.cache
def unusable(options: type) -> str:
    """What is wrong with the declaration of an options class, or an empty string."""
    try:
        attrs.resolve_types(options)
    except (NameError, AttributeError, TypeError) as error:
        return f"an annotation cannot be resolved ({error}); import what it names at run time"
    for attribute in attrs.fields(options):
        complaint = _misdeclared(attribute)
        if complaint:
            return f"key {key_of(attribute)} {complaint}"
    return ""


def _misdeclared(attribute: attrs.Attribute[Any]) -> str:
    inner = without_none(attribute.type)
    if KIND in attribute.metadata:
        arguments = get_args(inner)
        fits = (
            inner is Selected
            or (get_origin(inner) is tuple and arguments == (Selected, ...))
            or (get_origin(inner) is list and arguments == (Selected,))
            or (get_origin(inner) is dict and arguments == (str, Selected))
        )
        return (
            ""
            if fits
            else (
                f"has type {attribute.type}; a component is Selected, tuple[Selected, ...], "
                "list[Selected] or dict[str, Selected], each also | None"
            )
        )
    wrong = _not_allowed(attribute.type, Selected)
    if wrong is Selected:
        return "has type Selected; declare it with component(kind)"
    return (
        ""
        if wrong is None
        else (
            f"has type {wrong}; a key is bool, int, float, str, Path, Literal, list, tuple, "
            "dict[str, ...], a union of these, or an attrs class"
        )
    )


def _not_allowed(annotation: Any, selected: type) -> Any:
    """The part of an annotation that no key can have, or None."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _PLAIN or origin is Literal:
        return None
    if annotation is selected:
        return selected
    if _is_table(annotation):
        return annotation if unusable(annotation) else None
    if origin in (Union, types.UnionType):
        parts = [part for part in arguments if part is not type(None)]
    elif origin is dict and arguments[0] is str:
        parts = [arguments[1]]
    elif origin in (list, tuple):
        parts = [part for part in arguments if part is not ...]
    else:
        return annotation
    return next((wrong for part in parts if (wrong := _not_allowed(part, selected))), None)


def _is_table(annotation: Any) -> bool:
    return isinstance(annotation, type) and attrs.has(annotation)


def default_text(attribute: attrs.Attribute[Any]) -> str:
    """The default of a key as TOML writes it; ``required`` where there is none."""
    default = attribute.default
    if default is attrs.NOTHING:
        return "required"
    factory = getattr(default, "factory", None)
    if factory is not None:
        default = factory()
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, str):
        return f'"{default}"'
    if isinstance(default, tuple):
        return str(list(default))
    return "none" if default is None else str(default)
