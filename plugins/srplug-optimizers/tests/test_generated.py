"""Committed keys are those of the installed libraries; no optimizer of theirs is forgotten."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import pytorch_optimizer
from srplug_optimizers.by_name import signatures
from srplug_optimizers.catalog import OPTIMIZERS
from srplug_optimizers.optimizers import library_class

PACKAGE = Path(__file__).parents[1]


@pytest.fixture
def writer(monkeypatch):
    """The script that writes the keys; its modules are forgotten again."""
    monkeypatch.syspath_prepend(PACKAGE / "writers")
    yield importlib.import_module("write_optimizers")
    for name in ("write_optimizers", "optimizer_meanings"):
        sys.modules.pop(name, None)


def test_keys_are_those_of_the_constructors(writer):
    made = writer.files()
    folder = PACKAGE / "srplug_optimizers"
    differing = [name for name in made if made[name] != (folder / name).read_text("utf-8")]
    assert not differing, "run  python plugins/srplug-optimizers/writers/write_optimizers.py"
    there = {f"options/{path.name}" for path in (folder / "options").glob("*.py")}
    assert there - set(made) == {"options/__init__.py", "options/pytorch_optimizer.py"}


def test_a_new_parameter_is_noticed(writer, monkeypatch):
    def other(self, params, lr=0.1, alpha=0.5):
        """With one parameter more and others less."""

    monkeypatch.setattr(library_class(OPTIMIZERS["lion"].target), "__init__", other)
    text = writer.module(OPTIMIZERS["lion"])
    assert '    alpha: float = option(0.5, "weight of the slow running mean", ge=0)' in text
    assert "betas" not in text


def test_every_optimizer_of_the_library_is_known():
    refused = {name for name, signature in signatures().items() if signature.refused}
    wrappers = {"sam", "gsam", "wsam", "looksam", "friendlysam"}
    assert set(signatures()) - wrappers == set(pytorch_optimizer.get_supported_optimizers())
    assert wrappers <= refused
    assert len(set(signatures()) - refused) >= 105


def test_neither_torch_nor_the_library_is_imported_for_keys():
    code = """
import sys, srcore.checking.experiment
from srcore.plugin.manager import plugins
assert all(entry.options for entry in plugins().registry.components("optimizer"))
from srplug_optimizers.options.pytorch_optimizer import Options
assert not list(Options(name="yogi", arguments={"eps": 0.1}).problems(None))
wrong = [name for name in ("torch", "pytorch_optimizer") if name in sys.modules]
assert not wrong, wrong
"""
    subprocess.run([sys.executable, "-c", code], check=True)
