"""A table whose ``type`` selects a component, whose keys stand beside those of the table.

One ``if type = ... then ...`` for each component, since editors tell of one that fails what is
wrong, and of a choice between schemas only that none fits. They look for keys and their meaning
outside of conditions: there all keys of all components stand with what is told of them, and with
what they may be where all components agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from srcore.config.json_schema.fields import UNKNOWN
from srcore.config.json_schema.values import Schema, told_of_key
from srcore.plugin.building import Component
from srcore.plugin.summaries import summary_of

if TYPE_CHECKING:
    from srcore.config.json_schema.drafting import Drafter

_TYPE = "type"


@attrs.frozen(slots=False)  # so that what is asked for often is kept
class SelectingTable:
    """Writes both definitions of such a table.

    Attributes:
        drafter: makes what they refer to.
        kinds: whose components can be selected.
        own: fields of the table by key; a component's key of the same name is never read.
        default_type: what a table without ``type`` selects.
        about: what the table is for.
        told_by: key that stands for ``type`` where it is there, since what it names tells it.
    """

    drafter: Drafter
    kinds: tuple[str, ...]
    own: Mapping[str, attrs.Attribute[Any]]
    default_type: str | None = None
    about: str = ""
    told_by: str = ""

    def part(self) -> Schema:
        """Which keys there are, and what they may be."""
        own = {key: self.drafter.key(field) for key, field in self.own.items()}
        shared, differing = self._of_components
        beside: Schema = dict.fromkeys((*own, _TYPE), True)
        cases = [
            _where(name, self._one_of([self._keys(it, shared) for it in named], beside))
            for name, named in self._named.items()
        ]
        any_of = {
            key: True
            if key in shared
            else _single_or_any([self._pointer(it, key) for it in having])
            for key, having in self._having.items()
        }
        cases.append(_without_type(self._one_of([any_of], beside)))
        return {
            "type": "object",
            "description": self.about or f"a {self.kinds[0].replace('_', ' ')}",
            "properties": {_TYPE: self._type(), **own, **differing, **shared},
            "allOf": cases,
        }

    def whole(self) -> Schema:
        """What must be there beside."""
        schema = self.drafter.required(self.own)
        cases = []
        for name, named in self._named.items():
            needed = [self._required(component) for component in named]
            if all(needed):
                cases.append(_where(name, needed[0] if len(needed) == 1 else {"anyOf": needed}))
        if self.default_type is None and not self.told_by:
            schema["required"] = [_TYPE, *schema.get("required", [])]
        elif self.default_type is None:
            needs_type = {"required": [_TYPE]}
            cases.append({"if": {"required": [self.told_by]}, "else": needs_type})
        else:
            cases += self._default()
        return schema | ({"allOf": cases} if cases else {})

    def _default(self) -> Iterator[Schema]:
        """What holds where ``type`` is left out: the keys are those of one component."""
        shared, _ = self._of_components
        for component in self._named.get(str(self.default_type), []):
            keys = self._keys(component, shared)
            others = {key: UNKNOWN for key in self._having if key not in keys}
            yield _without_type({"properties": {**keys, **others}})
            if needed := self._required(component):
                yield _without_type(needed)

    def _required(self, component: Component) -> Schema:
        fields = self.drafter.fields(component)
        return self.drafter.required({k: it for k, it in fields.items() if k not in self.own})

    @cached_property
    def _named(self) -> dict[str, list[Component]]:
        """Components by name; two of one name where there are two kinds."""
        named: dict[str, list[Component]] = {}
        for kind in self.kinds:
            for component in self.drafter.registry.components(kind):
                named.setdefault(component.name, []).append(component)
        return named

    @cached_property
    def _having(self) -> dict[str, list[Component]]:
        """Which components have a key."""
        having: dict[str, list[Component]] = {}
        for named in self._named.values():
            for component in named:
                for key in self.drafter.fields(component):
                    if key not in self.own:
                        having.setdefault(key, []).append(component)
        return having

    def _type(self) -> Schema:
        named = self._named
        kinds = " or ".join(kind.replace("_", " ") for kind in self.kinds)
        text = f"name of a {kinds}; its keys stand in this table"
        if self.default_type:
            text += f"\n\ndefault: `{self.default_type}`"
        texts = [" / ".join(map(summary_of, having)) for having in named.values()]
        schema = {"enum": list(named), "description": text}
        return {**schema, "x-taplo": {"docs": {"enumValues": texts}}}

    @cached_property
    def _of_components(self) -> tuple[dict[str, Schema], dict[str, Schema]]:
        """Keys that all components that have them declare alike, and the others."""
        shared: dict[str, Schema] = {}
        differing: dict[str, Schema] = {}
        for key, having in self._having.items():
            fields = [self.drafter.fields(component)[key] for component in having]
            values = [self.drafter.value(field) for field in fields]
            about = _told_of(having, fields)
            if any(value != values[0] for value in values):
                differing[key] = about
            else:
                shared[key] = values[0] if "$ref" in values[0] else {**values[0], **about}
        return shared, differing

    def _keys(self, component: Component, shared: Mapping[str, Schema]) -> Schema:
        keys = [key for key in self.drafter.fields(component) if key not in self.own]
        return {key: True if key in shared else self._pointer(component, key) for key in keys}

    def _pointer(self, component: Component, key: str) -> Schema:
        return {"$ref": f"{self.drafter.component(component)['$ref']}/properties/{key}"}

    def _one_of(self, choices: list[Schema], beside: Schema) -> Schema:
        """A table with the keys of one of several components, and no others."""
        tables = [
            {"properties": {**beside, **keys}, "additionalProperties": UNKNOWN} for keys in choices
        ]
        return _single_or_any(tables)


def _single_or_any(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _where(name: str, then: Schema) -> Schema:
    return {"if": {"properties": {_TYPE: {"const": name}}, "required": [_TYPE]}, "then": then}


def _without_type(then: Schema) -> Schema:
    return {"if": {"not": {"required": [_TYPE]}}, "then": then}


def _told_of(having: list[Component], fields: list[attrs.Attribute[Any]]) -> Schema:
    """What is told of a key of several components: once, if all tell the same."""
    texts: dict[str, list[str]] = {}
    for component, field in zip(having, fields, strict=True):
        texts.setdefault(told_of_key(field)["description"], []).append(component.name)
    if len(texts) == 1:
        return told_of_key(fields[0])
    parts = [f"**{', '.join(names)}**: {text}" for text, names in texts.items()]
    return {"description": "\n\n".join(parts)}
