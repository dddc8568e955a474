"""Definitions of tables: those with fixed keys, and those whose ``type`` selects a component.

Every table has two. The *part* says which keys there are and what they may be: all that is known of
a table that another file or a stage completes (``extends``, ``[[stages]]``). The *whole* adds what
must be there; it holds for files without both, and for elements of lists, which replace what was
inherited and never complete it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin

import attrs

from srcore.config.json_schema.fields import UNKNOWN, fields_by_key, resolved_fields
from srcore.config.json_schema.selecting import SelectingTable
from srcore.config.json_schema.values import Schema, told_of_key, value_schema
from srcore.config.schema import GeneratorTable
from srcore.options.declaration import BY_ROLE, DEFAULT_TYPE, KIND, declaration_of, is_inline
from srcore.options.describing import without_none
from srcore.plugin.building import Component
from srcore.plugin.registry import Registry
from srcore.plugin.summaries import first_paragraph, summary_of

#: Kinds of the networks in ``[networks.NAME]``; the method's role says which.
_ROLE_KINDS = ("network", "discriminator")


class Drafter:
    """Collects the definitions of one schema.

    Args:
        registry: whose components tables may select.

    Attributes:
        definitions: by name, as ``#/definitions/NAME`` refers to them.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.definitions: dict[str, Schema] = {"unknown": {"not": {"title": "unknown key"}}}
        self._names: dict[Any, str] = {}
        self._fields: dict[tuple[str, str], dict[str, attrs.Attribute[Any]]] = {}

    def part(self, cls: type) -> Schema:
        """A table of a class, as far as it is written."""
        selecting = self._selecting(cls)
        if selecting is not None:
            return self._once(("part", cls), cls.__name__, selecting.part)
        return self._once(("part", cls), cls.__name__, lambda: self._fixed(cls))

    def whole(self, cls: type) -> Schema:
        """What a table of a class must have beside."""
        selecting = self._selecting(cls)
        name = f"{cls.__name__}.whole"
        if selecting is not None:
            return self._once(("whole", cls), name, selecting.whole)
        return self._once(("whole", cls), name, lambda: self.required(fields_by_key(cls)))

    def component(self, component: Component) -> Schema:
        """The keys of a component alone."""
        name = f"{component.kind}.{component.name}"
        return self._once(("keys", name), name, lambda: self._keys_of(component))

    def fields(self, component: Component) -> dict[str, attrs.Attribute[Any]]:
        """The fields of the options of a component by key."""
        name = component.kind, component.name
        if name not in self._fields:
            self._fields[name] = fields_by_key(component.options)
        return self._fields[name]

    def _keys_of(self, component: Component) -> Schema:
        keys = {key: self.value(it) for key, it in self.fields(component).items()}
        return {"description": summary_of(component), "properties": keys}

    def value(self, field: attrs.Attribute[Any]) -> Schema:
        """What the value of a key may be, without what is told of it."""
        if KIND not in field.metadata:
            return value_schema(field.type, declaration_of(field), self._listed_or_part(field))
        table = self.selected(field.metadata[KIND], field.metadata[DEFAULT_TYPE])
        origin = get_origin(without_none(field.type))
        if origin is dict:
            return {"type": "object", "additionalProperties": table.ref}
        if origin in (tuple, list):
            return {"type": "array", "items": {"allOf": [table.ref, table.whole_ref]}}
        return table.ref

    def _listed_or_part(self, field: attrs.Attribute[Any]) -> Callable[[type], Schema]:
        if get_origin(without_none(field.type)) in (tuple, list):
            return lambda cls: {"allOf": [self.part(cls), self.whole(cls)]}
        return self.part

    def selected(self, kind: str, default_type: str | None) -> NamedTable:
        """A table of its own for a component of a kind."""
        key = f"any {kind}" + (f" or {default_type}" if default_type else "")
        table = SelectingTable(self, (kind,), {}, default_type)
        name = key.replace(" ", "_")
        part = self._once(("part", key), name, table.part)
        return NamedTable(part, self._once(("whole", key), f"{name}.whole", table.whole))

    def required(self, fields: Mapping[str, attrs.Attribute[Any]]) -> Schema:
        """Which of the keys must be there, and what must be in the tables that they hold."""
        needed = [key for key, field in fields.items() if field.default is attrs.NOTHING]
        inner = {key: it for key, field in fields.items() if (it := self._whole_value(field))}
        schema: Schema = {"required": needed} if needed else {}
        return schema | ({"properties": inner} if inner else {})

    def _whole_value(self, field: attrs.Attribute[Any]) -> Schema | None:
        """What a value must hold; None where nothing is asked, or is said with each element."""
        inner = without_none(field.type)
        origin, arguments = get_origin(inner), get_args(inner)
        if KIND in field.metadata:
            table = self.selected(field.metadata[KIND], field.metadata[DEFAULT_TYPE]).whole_ref
        elif origin is dict and attrs.has(arguments[1]):
            table = self.whole(arguments[1])
        elif isinstance(inner, type) and attrs.has(inner):
            table = self.whole(inner)
        else:
            return None
        if origin in (tuple, list):
            return None
        return {"additionalProperties": table} if origin is dict else table

    def _selecting(self, cls: type) -> SelectingTable | None:
        """How a class selects a component by its own ``type``; None if it does not."""
        for field in resolved_fields(cls):
            if is_inline(field) and KIND in field.metadata:
                about = field.metadata
                kinds = _ROLE_KINDS if about[BY_ROLE] else (about[KIND],)
                own = {key: it for key, it in fields_by_key(cls).items() if it is not field}
                told_by = "weights" if cls is GeneratorTable else ""
                return SelectingTable(
                    self, kinds, own, about[DEFAULT_TYPE], first_paragraph(cls), told_by=told_by
                )
        return None

    def _fixed(self, cls: type) -> Schema:
        keys = {key: self.key(field) for key, field in fields_by_key(cls).items()}
        further = next((field for field in resolved_fields(cls) if is_inline(field)), None)
        others = UNKNOWN
        if further is not None:  # keys of other names, see further_keys
            others = self.value(further)["additionalProperties"]
        return {
            "type": "object",
            "description": first_paragraph(cls),
            "properties": keys,
            "additionalProperties": others,
        }

    def key(self, field: attrs.Attribute[Any]) -> Schema:
        """A key with what editors show of it; a table tells of itself."""
        schema = self.value(field)
        return schema if "$ref" in schema else {**schema, **told_of_key(field)}

    def _once(self, key: Any, name: str, make: Callable[[], Schema]) -> Schema:
        """A reference to a definition that is made when it is first asked for.

        Tables may hold one another, so that the name is there before the definition is.
        """
        if key not in self._names:
            plain = re.sub(r"[^\w.]", "_", name)
            taken = sum(it == plain or it.startswith(f"{plain}~") for it in self.definitions)
            self._names[key] = name = f"{plain}~{taken + 1}" if taken else plain
            self.definitions[name] = {}
            self.definitions[name] = make()
        return {"$ref": f"#/definitions/{self._names[key]}"}


@attrs.frozen
class NamedTable:
    """References to both definitions of a table."""

    ref: Schema
    whole_ref: Schema
