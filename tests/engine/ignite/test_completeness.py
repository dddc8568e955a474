"""Every handler of Ignite is tried by a test beside this one, or makes no sense here."""

import importlib
import pkgutil
import re
import warnings
from pathlib import Path

import ignite.contrib.handlers
import ignite.handlers as ih
import pytest

#: Names of ``ignite.handlers`` that are not attached, and why.
SENSELESS = {
    "BaseParamScheduler": "abstract: what derives from it is attached",
    "ParamScheduler": "abstract: what derives from it is attached",
    "CyclicalScheduler": "abstract: what derives from it is attached",
    "StateParamScheduler": "abstract: what derives from it is attached",
    "BatchSizeScheduler": "wants a DataLoader of its own; batches are a function of the experiment "
    "and the iteration, so that a resumed run gets the same",
    "DiskSaver": "no handler: it is what Checkpoint saves with, and attached with it",
    "global_step_from_engine": "no handler: it is what loggers take their step from, and attached "
    "with them",
}


def tries(name, text):
    """Whether a test is called after a handler, or is parametrized by its name."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    by_name = rf'^    "{name}": |parametrize\("name", \[.*"{name}"'
    return re.search(rf"^def test_{words}\(|{by_name}", text, re.MULTILINE) is not None


@pytest.mark.parametrize("name", ih.__all__)
def test_every_handler_of_ignite_is_tried_or_makes_no_sense(name):
    files = set(Path(__file__).parent.glob("test_*.py")) - {Path(__file__)}
    assert any(tries(name, file.read_text("utf-8")) for file in files) != (name in SENSELESS)


def test_handlers_of_contrib_are_those_that_are_tried():
    places = pkgutil.iter_modules(ignite.contrib.handlers.__path__, "ignite.contrib.handlers.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # they say that they have moved
        modules = [ignite.contrib.handlers, *(importlib.import_module(p.name) for p in places)]
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, type) and value.__module__.startswith("ignite."):
                assert value.__module__.startswith(("ignite.handlers.", "ignite.engine.")), name
