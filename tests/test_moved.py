"""Names of modules before they moved: the same objects, with a warning that says where to go."""

import importlib
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from srcore.moved import MOVED
from srcore.options import component


@pytest.mark.parametrize("old", MOVED)
def test_an_old_name_gives_the_module_at_its_new_place(old, monkeypatch):
    monkeypatch.delitem(sys.modules, old, raising=False)
    with pytest.warns(DeprecationWarning, match=rf"^{old} is now {MOVED[old]}; "):
        module = importlib.import_module(old)
    assert module is importlib.import_module(MOVED[old])
    assert module.__spec__.name == MOVED[old]
    sys.modules.pop(old)


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("srcore.weights.dialects", "Recognised", "Recognized"),
        ("srcore.checking.experiment", "check", "check_experiment"),
        ("srcore.weights.containers", "strip_prefix", "without_common_prefix"),
        ("srcore.weights.saving", "Metadata", "GeneratorMetadata"),
        ("srcore.contracts", "Stage", "StageTask"),
    ],
)
def test_an_old_name_of_a_class_gives_the_class(module, old, new):
    home = importlib.import_module(module)
    with pytest.warns(DeprecationWarning, match=rf"^{module}\.{old} is now {new}; the old name"):
        assert getattr(home, old) is getattr(home, new)
    with pytest.raises(AttributeError, match=r"has no attribute .never.$"):
        _ = home.never


def test_names_that_never_were_are_not_found():
    assert find_spec("srcore.nothing") is None


def test_handlers_reach_the_validation_by_its_old_name_too():
    from srcore.engine.training import Training

    training = Training.__new__(Training)
    training.validation = object()
    with pytest.warns(DeprecationWarning, match=r"^Training.validator is now validation; the old"):
        assert training.validator is training.validation


def test_what_a_table_selects_is_reached_by_its_old_name_too():
    from srcore.config.schema import MethodTable

    table = MethodTable(selected=object())
    with pytest.warns(DeprecationWarning, match=r"^choice of a table is now selected; the old"):
        assert table.choice is table.selected


def test_functions_that_are_handed_a_registry_now_are_called_without_one_all_the_same():
    from srcore.plugin.manager import plugins
    from srcore.weights.dialects import dialects

    registry = plugins().registry
    with pytest.warns(DeprecationWarning, match=r"^dialects takes a registry; without one it"):
        known = dialects("rrdbnet")
    assert known == dialects(registry, "rrdbnet") == dialects(registry, network="rrdbnet")
    assert len(dialects(registry=registry)) > len(known) > 1


def test_pictures_in_a_file_are_counted_by_the_old_name_too():
    from srcore.images import ImageHeader

    header = ImageHeader(2, 3, 8, frame_count=4)
    with pytest.warns(DeprecationWarning, match=r"^ImageHeader.frames is now frame_count; the old"):
        assert header.frames == header.frame_count == 4


def test_methods_ask_for_what_the_generator_makes_by_the_old_name_too(monkeypatch):
    from srcore.engine.parts import Parts

    monkeypatch.setattr(Parts, "upscale", lambda parts, batch: batch["lr"])
    with pytest.warns(DeprecationWarning, match=r"^Parts.enlarge is now upscale; the old name"):
        assert Parts.__new__(Parts).enlarge({"lr": 3}) == 3


def test_skeletons_and_examples_use_no_old_name():
    """Strangers begin with them, and a warning is an error in their tests."""
    root = Path(__file__).parents[1]
    old = {
        name
        for path in root.glob("srcore/**/*.py")
        for name in re.findall(r'def (\w+)\(.*\n\s*"""The old name of', path.read_text("utf-8"))
    }
    assert {"enlarge", "frames"} <= old
    methods = "|".join(sorted(old - {"frames", "choice"}))  # of which others have such, too
    sources = [*root.glob("srcore/scaffold/**/*.in"), *root.glob("examples/srplug-*/**/*.py")]
    assert len(sources) > 30
    users = [
        str(path.relative_to(root))
        for path in sources
        if re.search(rf"\.({methods})\b", path.read_text("utf-8"))
    ]
    assert users == []


def test_the_kind_of_tasks_is_known_by_its_old_name_too(isolated_plugins):
    told = r'^the kind "stage" is now "task"; the old name goes away in srcore 0.3$'
    registry = isolated_plugins.registry
    with pytest.warns(DeprecationWarning, match=told):
        registry.add("stage", "draw", None, "srcore.networks.edsr:EDSR")
    with pytest.warns(DeprecationWarning, match=told):
        assert registry.get("stage", "draw") is registry.get("task", "draw")
    with pytest.warns(DeprecationWarning, match=told):
        assert list(registry.components("stage")) == list(registry.components("task"))
    with pytest.warns(DeprecationWarning, match=told):
        assert component("stage").metadata == component("task").metadata
