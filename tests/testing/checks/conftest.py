"""A part of a stranger's plugin is tried as the contract tries it."""

import re

import pytest

import srcore
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing import write_tiny_images
from srcore.testing.checks import complaints
from srcore.testing.specimen import Specimen, options_for


def pytest_make_parametrize_id(config, val, argname):
    """Parts are called by their names."""
    return getattr(val, "__name__", None)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    write_tiny_images(tmp_path / "images/hr")
    write_tiny_images(tmp_path / "images/lr", height=24, width=24)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tried(folder):
    """A function: what the checks complain of."""

    def complaints_of(kind, target, options=None, *, keys=None, about=None, **specimen):
        with using(_with_part(kind, target, options, **(about or {}))):
            component = plugins().registry.get(kind, "x")
            made = options_for(component, keys or {})
            return complaints(Specimen(component, made, keys or {}, folder, **specimen))

    return complaints_of


def _with_part(kind, target, options=None, **about):
    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            if "." in kind:
                registry.add_kind(kind, about.pop("contract"))
            registry.add(kind, "x", options, target, **about)

    return PluginManager(discover=False, extra=[Stranger()])


@pytest.fixture
def refused(tried):
    """A function that wants a complaint, and of all of them that they are lines with a name."""

    def complains(kind, target, how, message):
        complaints_made = tried(kind, target, **how)
        assert any(re.search(message, line) for line in complaints_made), complaints_made
        name = kind.replace("_", " ")
        for line in complaints_made:
            assert "\n" not in line
            assert line.startswith(f'srplug-stranger: {name} "x"') or "order()" in line, line

    return complains
