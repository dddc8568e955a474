"""The examples in the docstrings of the public modules are run."""

import doctest
import importlib

import pytest

import srcore

MODULES = (
    "srcore.api",
    "srcore.inference.upscaler",
    "srcore.metrics.peak_signal_noise_ratio",
    "srcore.metrics.structural_similarity",
    "srcore.options.declaration",
    "srcore.runs.folder",
    "srcore.testing.comparison",
    "srcore.testing.golden",
    "srcore.testing.tiny_images",
)
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


LOSSES = [it for it in srcore.components("loss") if it.owner.startswith(("srcore", "srplug-"))]


@pytest.mark.parametrize("loss", LOSSES, ids=[it.name for it in LOSSES])
def test_every_loss_has_an_example_that_is_run(loss):
    module, _, name = loss.target.partition(":")
    loss_class = getattr(importlib.import_module(module), name)
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(loss_class, name, globs=vars(importlib.import_module(module)).copy())
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
