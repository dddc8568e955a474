from pathlib import Path
from typing import Literal

import attrs

from srcore.options import option
from srcore.options.key_facts import key_facts, paper_of, plain_default


@attrs.frozen(kw_only=True)
class Inner:
    """A table inside."""

    size: int = option(help="pixels of a side", ge=1)


@attrs.frozen(kw_only=True)
class Options:
    """A blur (Gauss et al. 1909, arXiv 0001.00001) of images (of any size)."""

    border: int = option(3, "width in high-resolution pixels", ge=0, lt=9)
    mode: Literal["a", "b"] | None = option(None, "how", may_change=True)
    path: Path = option(Path("x/y"), "where it lies", path="file")
    endless: float = option(float("inf"), "what cannot be written")
    pair: tuple[float, float] = option((0.1, 1), "from and to")
    names: dict[str, float] = option(factory=lambda: {"a": 1.0}, help="by name")
    inner: Inner = option(help="a table")


def test_keys_have_typed_defaults_limits_and_units():
    facts = {entry["key"]: entry for entry in key_facts(Options)}
    assert facts["border"] == {
        "key": "border", "type": "int", "required": False, "default": 3,
        "limits": {"ge": 0, "lt": 9}, "choices": [], "unit": "pixels", "path": None,
        "may_change": False, "help": "width in high-resolution pixels",
    }  # fmt: skip
    assert (facts["mode"]["choices"], facts["mode"]["may_change"]) == (["a", "b"], True)
    assert facts["path"]["path"] == "file"
    assert facts["inner.size"]["required"]
    assert facts["inner.size"]["unit"] == "pixels"
    assert facts["pair"]["unit"] is None


def test_defaults_are_what_toml_can_write():
    fields = attrs.fields_dict(Options)
    assert {name: plain_default(field) for name, field in fields.items()} == {
        "border": 3,
        "mode": None,
        "path": "x/y",
        "endless": None,
        "pair": [0.1, 1],
        "names": {"a": 1.0},
        "inner": None,
    }


def test_a_paper_is_what_the_docstring_names():
    assert paper_of(Options) == "Gauss et al. 1909, arXiv 0001.00001"
    assert paper_of(Inner) is None
