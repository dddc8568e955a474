"""Every example in a docstring of the core is run, and what users name has one."""

import doctest
import importlib
from pathlib import Path

import pytest

import srcore

ROOT = Path(__file__).parents[1]


def _shows_an_example(path):
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    return any(line.startswith(">>> ") and "+SKIP" not in line for line in lines)


MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "srcore").rglob("*.py"))
    if _shows_an_example(path)
]
PUBLIC = [
    *((srcore, name) for name in ("build", "components", "load_experiment", "load_generator")),
    *((srcore, name) for name in ("option", "run", "upscale")),
    *((srcore.metrics, name) for name in srcore.metrics.__all__),
    # The contract is a class of tests to inherit; its module's docstring shows how.
    *((srcore.testing, name) for name in srcore.testing.__all__ if name != "PluginContract"),
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_hold(module, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(("owner", "name"), PUBLIC, ids=[name for _, name in PUBLIC])
def test_every_public_function_has_an_example_that_is_run(owner, name):
    function = getattr(owner, name)
    assert function.__module__ in MODULES
    assert ">>>" in (function.__doc__ or "")


#: Plugins' losses are shown as those of the core are.
SHOWN = [
    component
    for kind in ("network", "discriminator", "loss", "transform", "method")
    for component in srcore.components(kind)
    if component.owner == "srcore" or (kind == "loss" and component.owner.startswith("srplug-"))
]


@pytest.mark.parametrize("component", SHOWN, ids=[f"{it.kind}-{it.name}" for it in SHOWN])
def test_every_component_has_an_example_that_is_run(component):
    module, _, name = component.target.partition(":")
    component_class = getattr(importlib.import_module(module), name)
    finder = doctest.DocTestFinder(recurse=False)
    globs = vars(importlib.import_module(module)).copy()
    (example,) = finder.find(component_class, name, globs=globs)
    assert example.examples
    if module not in MODULES:  # a plugin's; the core's are run above
        assert doctest.DocTestRunner().run(example).failed == 0
