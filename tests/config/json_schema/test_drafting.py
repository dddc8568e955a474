from __future__ import annotations

import attrs

from srcore.config.group_table import GroupTable
from srcore.config.json_schema.drafting import Drafter
from srcore.config.schema import TrainTable
from srcore.options import Selected, component, option
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry


@attrs.frozen(kw_only=True)
class Inner:
    """A table inside."""

    size: int = option(help="how many")


@attrs.frozen(kw_only=True)
class Nesting:
    """Holds losses."""

    one: Selected = component("loss")
    some: tuple[Selected, ...] = component("loss", default=())
    named: dict[str, Selected] = component("loss", default={})
    inner: Inner = option(help="a table")
    listed: tuple[Inner, ...] = option((), "tables")


def reference(name):
    return {"$ref": f"#/definitions/{name}"}


def drafted(cls):
    registry = Registry()
    registry.add("loss", "nesting", Nesting, "x:y")
    drafter = Drafter(registry)
    return drafter.part(cls), drafter.whole(cls), drafter.definitions


def test_tables_that_hold_one_another_are_defined_once():
    _, _, definitions = drafted(Nesting)
    keys = definitions["Nesting"]["properties"]
    assert keys["one"] == reference("any_loss")
    assert keys["named"]["additionalProperties"] == reference("any_loss")
    assert keys["inner"] == reference("Inner")
    assert definitions["any_loss"]["properties"]["one"] == reference("any_loss")


def test_elements_of_lists_are_whole():
    _, _, definitions = drafted(Nesting)
    keys = definitions["Nesting"]["properties"]
    whole = {"allOf": [reference("any_loss"), reference("any_loss.whole")]}
    assert keys["some"]["items"] == whole
    assert keys["listed"]["items"] == {"allOf": [reference("Inner"), reference("Inner.whole")]}


def test_a_whole_table_asks_for_keys_and_for_those_of_its_tables():
    _, whole, definitions = drafted(Nesting)
    assert whole == reference("Nesting.whole")
    assert definitions["Nesting.whole"] == {
        "required": ["one", "inner"],
        "properties": {
            "one": reference("any_loss.whole"),
            "named": {"additionalProperties": reference("any_loss.whole")},
            "inner": reference("Inner.whole"),
        },
    }


def test_further_keys_have_their_type():
    _, _, definitions = drafted(GroupTable)
    others = definitions["GroupTable"]["additionalProperties"]["anyOf"]
    assert {"type": "array", "items": {"type": "number"}} in others


def test_classes_of_one_name_have_definitions_of_their_own():
    other = attrs.make_class("Inner", {"flag": attrs.field(type=bool, default=True)})
    drafter = Drafter(Registry())
    assert drafter.part(Inner) == drafter.part(Inner) == reference("Inner")
    assert drafter.part(other) == reference("Inner~2")


def test_all_references_lead_somewhere():
    drafter = Drafter(plugins().registry)
    drafter.part(TrainTable)
    for kind in plugins().registry.kinds():
        drafter.selected(kind, None)
    paths = list(references(drafter.definitions))
    assert len(paths) > 500
    for path in set(paths):
        value = drafter.definitions
        for step in path.removeprefix("#/definitions/").split("/"):
            value = value[step]


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)
