"""Every example in a docstring of the core is run; components and what users name have one."""

import doctest
import functools
import importlib
import inspect
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
    *((srcore, name) for name in srcore.__all__ if inspect.isfunction(getattr(srcore, name))),
    *((srcore.metrics, name) for name in srcore.metrics.__all__),
    # The contract is a class of tests to inherit; its module's docstring shows how.
    *((srcore.testing, name) for name in srcore.testing.__all__ if name != "PluginContract"),
]
#: Modules whose examples need optional packages.
NEEDS = {
    "srcore.datasets.lmdb": ["lmdb"],
    "srcore.upscaling.film_upscaling": ["av"],
    "srcore.inference.backends.ncnn": ["ncnn"],
    "srcore.sources.lmdb": ["lmdb"],
    "srcore.sources.parquet": ["pyarrow"],
    "srcore.testing.tiny_films": ["av"],
    "srplug_degradations.video": ["av"],
}


def skip_without_packages(module):
    """Where something is missing that its examples need."""
    for package in NEEDS.get(module, ()):
        pytest.importorskip(package)


@pytest.mark.parametrize("module", MODULES)
def test_examples_hold(module, tmp_path, monkeypatch):
    skip_without_packages(module)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(("owner", "name"), PUBLIC, ids=[name for _, name in PUBLIC])
def test_every_public_function_has_an_example_that_is_run(owner, name):
    function = getattr(owner, name)
    assert function.__module__ in MODULES
    assert ">>>" in (function.__doc__ or "")


#: What has no example, by kind or by kind and name, and why.
NOT_SHOWN = {
    "handler checkpoint": "writes the state of a whole training; shown by docs/how-to",
    "handler clearml": "tells a server what a training says; shown by the README of its plugin",
    "handler log": "reads what handler records writes; shown by the tutorial",
    "handler mlflow": "tells a server what a training says; shown by the README of its plugin",
    "handler pictures": "shows what the validation of a training made",
    "handler profiler": "measures a training",
    "handler progress": "draws on a terminal",
    "handler records": "writes what a training and its validations say",
    "handler tensorboard": "writes what a training and its validations say",
    "handler validation": "evaluates the generator of a training",
    "handler wandb": "tells a server what a training says; shown by the README of its plugin",
    "task": "needs the trained network of another stage; shown by the experiment usrdu/tiny",
    "srcore.backend compile": "needs a compiler; shown by docs/how-to",
    "srcore.backend cudagraphs": "needs a GPU",
    "srcore.backend onnxruntime": "takes seconds to write its program; backend ncnn is shown",
    "srcore.backend openvino": "takes seconds to write its program; backend ncnn is shown",
    "metric brisque": "downloads its vectors",
    "metric fid": "downloads its network; what it computes is shown by frechet_distance",
    "metric pieapp": "downloads its network",
    "method usrdu_dsn": "needs unpaired images, which method gan is shown without",
    "transform laplace_sampling": "needs the file of a trained network",
}
OWN = [it for it in srcore.components() if it.owner == "srcore" or it.owner.startswith("srplug-")]
SHOWN = [it for it in OWN if not {it.kind, f"{it.kind} {it.name}"} & NOT_SHOWN.keys()]


def maker_of(component):
    """The class or function that makes it; those of a catalog share one."""
    module, _, name = component.target.partition(":")
    target = getattr(importlib.import_module(module), name)
    return target.func if isinstance(target, functools.partial) else target


@functools.cache
def failures(maker):
    """How many examples of a docstring fail; None: there are none."""
    globs = vars(importlib.import_module(maker.__module__)).copy()
    (example,) = doctest.DocTestFinder(recurse=False).find(maker, maker.__name__, globs=globs)
    return doctest.DocTestRunner().run(example).failed if example.examples else None


@pytest.mark.parametrize("component", SHOWN, ids=[f"{it.kind}-{it.name}" for it in SHOWN])
def test_every_component_has_an_example_that_is_run(component, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    maker = maker_of(component)
    skip_without_packages(maker.__module__)
    assert failures(maker) == 0


def test_exceptions_are_of_components_that_there_are():
    assert NOT_SHOWN.keys() <= {it.kind for it in OWN} | {f"{it.kind} {it.name}" for it in OWN}
    shown = [it for it in OWN if f"{it.kind} {it.name}" in NOT_SHOWN]
    assert [it.name for it in shown if ">>>" in (maker_of(it).__doc__ or "")] == []
