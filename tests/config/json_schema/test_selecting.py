import attrs
import pytest

from srcore.config.json_schema.drafting import Drafter
from srcore.config.schema import GeneratorTable, LossTable, MethodTable, NetworkTable
from srcore.options import option
from srcore.plugin.registry import Registry


@attrs.frozen(kw_only=True)
class Small:
    """A small one."""

    size: int = option(4, "sides of the kernel", ge=1)
    mode: str = option("a", "how")


@attrs.frozen(kw_only=True)
class Large:
    """A large one."""

    size: int = option(8, "sides of the kernel", ge=1)
    mode: int = option(help="how often")
    name: int = option(3, "hidden by the key of the table")


@pytest.fixture
def definitions():
    """Definitions of a table, with two losses, methods, networks and discriminators."""

    def of(cls):
        registry = Registry()
        for kind in ("loss", "network"):
            registry.add(kind, "small", Small, "x:y")
            registry.add(kind, "large", Large, "x:y")
        registry.add("discriminator", "small", Large, "x:y")
        registry.add("method", "supervised", Small, "x:y")
        registry.add("method", "other", Large, "x:y")
        drafter = Drafter(registry)
        drafter.part(cls), drafter.whole(cls)
        return drafter.definitions

    return of


def case(definition, name):
    """What holds where ``type`` is a name; None: where there is none."""
    has_no_type = {"not": {"required": ["type"]}}
    condition = {"properties": {"type": {"const": name}}, "required": ["type"]} if name else None
    cases = [it for it in definition["allOf"] if it["if"] == (condition or has_no_type)]
    return cases[0]["then"] if cases else None


def test_keys_that_all_declare_alike_are_said_once(definitions):
    loss = definitions(LossTable)["LossTable"]
    size = loss["properties"]["size"]
    assert (size["type"], size["minimum"]) == ("integer", 1)
    assert size["description"] == (
        "**large**: sides of the kernel (>= 1)\n\ndefault: `8`\n\n"
        "**small**: sides of the kernel (>= 1)\n\ndefault: `4`"
    )
    assert case(loss, "small")["properties"]["size"] is True


def test_keys_that_differ_are_those_of_the_component(definitions):
    of = definitions(LossTable)
    assert "type" not in of["LossTable"]["properties"]["mode"]
    assert case(of["LossTable"], "large")["properties"]["mode"] == {
        "$ref": "#/definitions/loss.large/properties/mode"
    }
    assert of["loss.large"]["properties"]["mode"]["type"] == "integer"
    assert of["loss.small"]["properties"]["mode"] == {"type": "string"}
    unknown = case(of["LossTable"], None)["properties"]["mode"]
    assert unknown == {
        "anyOf": [
            {"$ref": "#/definitions/loss.large/properties/mode"},
            {"$ref": "#/definitions/loss.small/properties/mode"},
        ]
    }


def test_keys_of_the_table_come_before_those_of_the_component(definitions):
    loss = definitions(LossTable)["LossTable"]
    assert loss["properties"]["name"]["type"] == "string"
    assert case(loss, "large")["properties"]["name"] is True


def test_what_is_required_depends_on_the_type(definitions):
    whole = definitions(LossTable)["LossTable.whole"]
    assert whole["required"] == ["type"]
    assert case(whole, "large") == {"required": ["mode"]}
    assert case(whole, "small") is None


def test_a_table_without_type_has_the_keys_of_the_default(definitions):
    of = definitions(MethodTable)
    assert case(of["MethodTable"], None)["properties"].keys() == {"type", "size", "mode", "name"}
    default = case(of["MethodTable.whole"], None)["properties"]
    assert default["name"] == {"$ref": "#/definitions/unknown"}
    assert default["mode"] == {"$ref": "#/definitions/method.supervised/properties/mode"}
    assert "required" not in of["MethodTable.whole"]


def test_weights_stand_for_the_type_of_a_generator(definitions):
    whole = definitions(GeneratorTable)["GeneratorTable.whole"]
    assert {"if": {"required": ["weights"]}, "else": {"required": ["type"]}} in whole["allOf"]


def test_a_name_of_two_kinds_has_the_keys_of_either(definitions):
    table = definitions(NetworkTable)["NetworkTable"]
    assert table["properties"]["type"]["enum"] == ["large", "small"]
    tables = case(table, "small")["anyOf"]
    assert ["name" in it["properties"] for it in tables] == [False, True]
