"""The fields of classes of options as a schema needs them."""

from __future__ import annotations

from typing import Any

import attrs

from srcore.options.declaration import is_inline, key_of

#: What no value fulfils. Editors mark the value of an unknown key by it; for a mere
#: ``additionalProperties: false`` they mark the whole table and everything in it.
UNKNOWN = {"$ref": "#/definitions/unknown"}


def resolved_fields(cls: type) -> tuple[attrs.Attribute[Any], ...]:
    """The fields of a class of options with their annotations as types."""
    attrs.resolve_types(cls)
    return tuple(attrs.fields(cls))


def fields_by_key(cls: type) -> dict[str, attrs.Attribute[Any]]:
    """The fields of a class of options by key, without one whose keys stand beside them."""
    return {key_of(field): field for field in resolved_fields(cls) if not is_inline(field)}
