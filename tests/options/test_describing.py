"""Which types keys may have, how they are shown, and how components inside components are taken."""

import re
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

import srcore
from srcore.config.invalid import Invalid
from srcore.config.structure import Structurer
from srcore.errors import PluginError
from srcore.options import Selected, component, option
from srcore.options.describing import describe, unusable
from srcore.plugin.manager import PluginManager


@attrs.frozen(kw_only=True)
class Wrapping:
    """Datasets in every way that a component can hold others."""

    one: Selected = component("dataset")
    maybe: Selected | None = component("dataset", default=None)
    many: tuple[Selected, ...] = component("labels", default=())
    more: list[Selected] = component("labels", default=[])
    named: dict[str, Selected] = component("labels", default={})
    must: dict[str, Selected] = component("labels")
    none: tuple[Selected, ...] | None = component("labels", default=None)


CONSTANT = {"type": "constant", "real": 0.9}


def structured(table):
    return Structurer(PluginManager(discover=False).registry).structure(table, Wrapping)


def test_components_inside_are_taken_in_every_shape():
    many = [CONSTANT, {"type": "constant"}]
    made = structured(
        {
            "one": {"type": "hr_folder", "hr": str(Path.cwd())},
            "many": many,
            "more": many,
            "must": {"a": CONSTANT},
            "none": many,
        }
    )
    assert made.one.type == "hr_folder"
    assert made.maybe is None
    assert [it.options.real for it in made.many] == [0.9, 1.0]
    assert [it.options.real for it in made.more] == [0.9, 1.0]
    assert isinstance(made.more, list)
    assert made.must["a"].build()(2, progress=0.0, generator=None) == (0.9, 0.0)
    assert made.named == {}
    assert len(made.none) == 2


def test_problems_of_components_inside_have_their_path():
    with pytest.raises(Invalid) as caught:
        structured({"must": {"a": {"type": "constan"}, "b": 3}, "named": [], "many": [{}]})
    lines = sorted(str(problem) for problem in caught.value.problems)
    assert lines == [
        "many[0].type: expected the name of a labels, but it is missing; installed: constant",
        'must.a.type: no labels "constan"; did you mean "constant"?',
        "must.b: expected a table with type = ..., found 3",
        "named: expected a table, found []",
        "one: required key is missing (table - the type of a dataset and its keys)",
    ]


def test_defaults_that_can_change_are_not_shared():
    table = {"one": {"type": "hr_folder", "hr": str(Path.cwd())}, "must": {}}
    first, second = structured(table), structured(table)
    first.named["x"] = 1
    first.more.append(1)
    assert (second.named, second.more) == ({}, [])


def test_components_inside_are_listed_like_other_keys():
    assert [row[:3] for row in describe(Wrapping)] == [
        ("one", "table", "required"),
        ("maybe", "table | none", "none"),
        ("many", "list of tables", "[]"),
        ("more", "list of tables", "[]"),
        ("named", "tables by name", "{}"),
        ("must", "tables by name", "required"),
        ("none", "list of tables | none", "none"),
    ]
    assert next(describe(Wrapping))[3] == "the type of a dataset and its keys"


@attrs.frozen(kw_only=True)
class Noisy:
    """Labels with labels inside, and a rule of their own."""

    inner: Selected = component("labels")
    other: dict[str, Selected] = component("labels", default={})
    strength: float = option(0.0, "strength", ge=0)

    def problems(self, experiment):
        if self.strength > 1:
            yield "strength", f"too much for scale {experiment.scale}"


class NoisyPlugin:
    @srcore.hookimpl
    def srcore_register_components(self, registry):
        registry.add("labels", "noisy", Noisy, dict)


def test_rules_of_components_inside_required_and_named_ones_are_asked(tiny_experiment):
    from srcore.errors import ConfigError
    from srcore.plugin.manager import using
    from srcore.testing.experiments import load_checked

    text = tiny_experiment.read_text("utf-8")
    inner = '{ type = "noisy", strength = 2, inner = { type = "constant" } }'
    method = f'[method]\ntype = "gan"\n[method.labels]\ntype = "noisy"\ninner = {inner}\n'
    method += f"other = {{ a = {inner} }}\n[discriminator]\ntype = 'vgg'\n"
    tiny_experiment.write_text(f"{text}\n{method}", "utf-8")
    with (
        using(PluginManager(discover=False, extra=[NoisyPlugin()])),
        pytest.raises(ConfigError) as caught,
    ):
        load_checked(tiny_experiment)
    messages = {problem.path: problem.message for problem in caught.value.problems}
    for path in ("method.labels.inner.strength", "method.labels.other.a.strength"):
        assert messages[path] == "too much for scale 2"


PAGE = Path(__file__).parents[2] / "docs/how-to/declare-keys.md"
ROWS = re.findall(
    r"^\| (`.*?|another.*?) \| `(.*?)` \| (.*?) \|$", PAGE.read_text("utf-8"), re.MULTILINE
)
ROWS = [row for row in ROWS if "component(" not in row[1]]


@attrs.frozen
class Table:
    sigma: float = option(1.0, "a key")


def annotation(text):
    names = {"Path": Path, "Literal": Literal}
    if "attrs class" in text:
        return Table
    parts = [eval(part, names) for part in re.findall(r"`(.*?)`", text)]
    return parts[0] if len(parts) == 1 else parts[0] | parts[1]


def test_the_page_has_a_row_for_every_type():
    assert len(ROWS) == 14


@pytest.mark.parametrize(("type", "toml", "arrives"), ROWS)
def test_types_of_the_page_are_taken_as_it_says(type, toml, arrives):
    import sys

    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    cls = attrs.make_class("Keys", {"key": attrs.field(type=annotation(type))})
    assert unusable(cls) == ""
    table = tomllib.loads(f"key = {toml}")
    made = Structurer(PluginManager(discover=False).registry).structure(table, cls)
    expected = re.match("`(.*?)`", arrives)
    if expected is None:
        assert made.key in (Path.cwd() / "images", Table(1.5))
    else:
        value = eval(expected[1])
        assert (made.key, made.key.__class__) == (value, value.__class__)


class Late:
    """Not an attrs class."""


@pytest.mark.parametrize(
    ("type", "shown"),
    [
        (set[int], r"key key has type set\[int\]; a key is bool, int"),
        (complex, "has type <class 'complex'>"),
        (Any, "has type typing.Any"),
        (list, "has type <class 'list'>"),
        (dict[int, str], r"has type dict\[int, str\]"),
        (tuple[int, Late], "has type <class '.*Late'>"),
        (Late | None, "has type <class '.*Late'>"),
        (Selected, r"has type Selected; declare it with component\(kind\)"),
        (dict[str, Selected], r"has type Selected; declare it with component\(kind\)"),
        ("Missing", r"an annotation cannot be resolved \(name 'Missing' is not defined\); import"),
    ],
)
def test_types_that_no_key_can_have_name_the_plugin_and_the_key(type, shown):
    cls = attrs.make_class("Keys", {"key": attrs.field(default=None, type=type)})

    class Stranger:
        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("labels", "odd", cls, dict)

    registry = PluginManager(discover=False, extra=[Stranger()]).registry
    with pytest.raises(PluginError, match=rf'^Stranger: options of labels "odd": .*{shown}'):
        Structurer(registry).select("labels", {"type": "odd"})


SHAPES = [int, dict[int, Selected], tuple[Selected, Selected], set[Selected]]


@pytest.mark.parametrize("type", SHAPES)
def test_components_inside_have_one_of_four_shapes(type):
    field = component("labels")
    field.type = type
    cls = attrs.make_class("Keys", {"key": field})
    assert "a component is Selected, tuple[Selected, ...], list[Selected] or" in unusable(cls)
