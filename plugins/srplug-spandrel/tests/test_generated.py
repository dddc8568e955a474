"""Committed options are those of the installed spandrel; nothing that it has is forgotten."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import attrs
import pytest
from spandrel import MAIN_REGISTRY
from srplug_spandrel.catalog import ABSENT, ARCHITECTURES
from srplug_spandrel.extra import EXTRA
from srplug_spandrel.networks import spandrel_class

from srcore.plugin.manager import plugins

PACKAGE = Path(__file__).parents[1]


@pytest.fixture
def writer(monkeypatch):
    """The script that writes the options; its modules are forgotten again."""
    monkeypatch.syspath_prepend(PACKAGE / "writers")
    yield importlib.import_module("write_networks")
    for name in ("write_networks", "network_meanings"):
        sys.modules.pop(name, None)


def test_options_are_those_of_spandrels_constructors(writer):
    made = writer.modules()
    folder = PACKAGE / "srplug_spandrel" / "options"
    written = {path.name: path.read_text("utf-8") for path in folder.glob("*.py")}
    differing = [name for name in made if made[name] != written.get(name)]
    assert not differing, "run  python plugins/srplug-spandrel/writers/write_networks.py"
    extra = {f"{name}.py" for name in EXTRA}
    assert set(written) - set(made) - extra == {"__init__.py", "base.py"}
    assert extra <= set(written)  # compared where the package is installed


def test_a_new_parameter_of_spandrel_is_noticed(writer, monkeypatch):
    cls = spandrel_class(ARCHITECTURES["span"])

    def other(self, *, num_in_ch, num_out_ch, feature_channels=48, upscale=4, dim=1):
        """With one parameter more and others less."""

    monkeypatch.setattr(cls, "__init__", other)
    text = writer.module(ARCHITECTURES["span"])
    assert "    dim: int = option(1," in text
    assert "img_range" not in text


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_parameter_is_a_key_or_left_out_on_purpose(name):
    entry = ARCHITECTURES[name]
    options = plugins().registry.get("network", entry.component).options
    keys = {entry.renamed.get(field.name, field.name) for field in attrs.fields(options)}
    given = {entry.scale, *entry.channels, *entry.fixed} - {""}
    known = keys - {"channels"} | given | set(entry.hidden)
    parameters = set(inspect.signature(spandrel_class(entry).__init__).parameters) - {"self"}
    assert parameters <= known | set(entry.renamed.values())
    assert given <= parameters


def test_every_architecture_of_spandrel_is_there_or_has_a_reason():
    there = {entry.id for entry in ARCHITECTURES.values()}
    assert there | set(ABSENT) == {support.architecture.id for support in MAIN_REGISTRY}
    assert not there & set(ABSENT)
    assert len(there) >= 28


def test_neither_torch_nor_spandrel_is_imported_for_options():
    code = """
import sys, srcore.checking.experiment
from srcore.plugin.manager import plugins
assert all(entry.options for entry in plugins().registry.components("network"))
wrong = [name for name in ("torch", "spandrel") if name in sys.modules]
assert not wrong, wrong
"""
    subprocess.run([sys.executable, "-c", code], check=True)
