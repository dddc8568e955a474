from pathlib import Path
from typing import Literal

import attrs
import pytest

from srcore.config.json_schema.values import told_of_key, value_schema
from srcore.options import option
from srcore.options.declaration import Declaration

WHOLE = {"minimum": -(2**31 - 1), "maximum": 2**31 - 1}
NATURAL = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}


def schema(annotation, **limits):
    return value_schema(annotation, Declaration("", **limits), lambda cls: {"table": cls.__name__})


@pytest.mark.parametrize(
    ("annotation", "limits", "expected"),
    [
        (bool, {"ge": 1}, {"type": "boolean"}),
        (int, {}, {"type": "integer", **WHOLE}),
        (int, {"ge": 0}, NATURAL),
        (int, {"ge": 0, "le": 2**40}, {"type": "integer", "minimum": 0, "maximum": 2**40}),
        (float, {"gt": 0, "le": 1}, {"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
        (float, {"lt": 1}, {"type": "number", "exclusiveMaximum": 1}),
        (str | None, {}, {"type": "string"}),
        (Path, {"path": "file"}, {"type": "string", "minLength": 1}),
        (Literal["a", 2], {}, {"enum": ["a", 2]}),
        (bool | float | str, {}, {"type": ["boolean", "number", "string"]}),
        (int | Literal["auto"], {"ge": 0}, {"anyOf": [NATURAL, {"enum": ["auto"]}]}),
        (list[str], {}, {"type": "array", "items": {"type": "string"}}),
        (tuple[int, ...], {"ge": 0}, {"type": "array", "items": NATURAL}),
        (
            tuple[int, int], {"ge": 0},
            {"type": "array", "items": NATURAL, "minItems": 2, "maxItems": 2},
        ),
        (
            tuple[bool, str], {},
            {
                "type": "array", "items": [{"type": "boolean"}, {"type": "string"}],
                "minItems": 2, "maxItems": 2,
            },
        ),
        (
            dict[str, float], {"ge": 0},  # limits are those of numbers and lists
            {"type": "object", "additionalProperties": {"type": "number"}},
        ),
        (
            tuple[tuple[float, ...], ...], {"ge": 0},
            {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
        ),
    ],
)  # fmt: skip
def test_a_value_is_what_its_annotation_says(annotation, limits, expected):
    assert schema(annotation, **limits) == expected


@attrs.frozen(kw_only=True)
class Options:
    needed: int = option(help="how many", ge=1)
    none: float | None = option(None, "factor", may_change=True)
    pair: tuple[float, float] = option((0.1, 1), "from and to")


def test_a_class_of_options_is_a_table():
    assert schema(Options | None) == {"table": "Options"}


def test_editors_show_meaning_limits_and_default():
    fields = attrs.fields_dict(Options)
    assert told_of_key(fields["needed"]) == {"description": "how many (>= 1)\n\nrequired"}
    assert told_of_key(fields["none"]) == {
        "description": "factor (may change on resume)\n\ndefault: `none`"
    }
    assert told_of_key(fields["pair"]) == {
        "description": "from and to\n\ndefault: `[0.1, 1]`",
        "default": [0.1, 1],
    }
