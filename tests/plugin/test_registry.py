"""What plugins register: names resolved late, kinds of their own, and what is refused."""

import sys

import attrs
import pytest

import srcore
from srcore.config.invalid import Invalid
from srcore.config.structure import Structurer
from srcore.errors import PluginError
from srcore.options import Selected, component, option
from srcore.plugin.manager import PluginManager, using
from srcore.plugin.registry import Registry


def registered(register):
    class Stranger:
        @srcore.hookimpl
        def srcore_register_components(self, registry):
            register(registry)

    return PluginManager(discover=False, extra=[Stranger()])


PACKAGE = {
    "__init__.py": "",
    "options.py": """
import attrs
from srcore.options import option

@attrs.frozen(kw_only=True)
class Keys:
    '''Keys of a stranger.'''
    taps: int = option(2, "number of taps", ge=1)

NOT_A_CLASS = 3
""",
    "filters.py": """
class Haar:
    def __init__(self, taps):
        self.taps = taps
    def analyze(self, signal):
        return signal
    def __call__(self, size, *, progress, generator):
        return 1.0, 0.0

class Deaf:
    def __init__(self, taps): ...
""",
    "contracts.py": """
from typing import Protocol, runtime_checkable

@runtime_checkable
class Filter(Protocol):
    def analyze(self, signal): ...

class Plain(Protocol):
    def analyze(self, signal): ...
""",
}


@pytest.fixture
def wavelets(tmp_path, monkeypatch):
    """A package whose modules are only imported when they are needed."""
    folder = tmp_path / "srplug_wavelets"
    folder.mkdir()
    for name, text in PACKAGE.items():
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for module in [name for name in sys.modules if name.startswith("srplug_wavelets")]:
        del sys.modules[module]


def loaded():
    return {name.partition(".")[2] for name in sys.modules if name.startswith("srplug_wavelets.")}


def test_options_and_targets_are_imported_when_they_are_needed(wavelets):
    manager = registered(
        lambda registry: registry.add(
            "labels", "haar", "srplug_wavelets.options:Keys", "srplug_wavelets.filters:Haar"
        )
    )
    entry = manager.registry.get("labels", "haar")
    assert loaded() == set()
    with using(manager):
        assert [field.name for field in attrs.fields(entry.options)] == ["taps"]
        assert loaded() == {"options"}
        assert srcore.build("labels", "haar", taps=3).taps == 3


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("srplug_wavelets.options:Kies", 'options of labels "haar": cannot import srplug_wavelets'),
        (
            "srplug_wavelets.options:NOT_A_CLASS",
            "srplug_wavelets.options:NOT_A_CLASS is no",
        ),
    ],
)
def test_options_that_are_not_there_name_the_plugin_when_they_are_needed(wavelets, target, message):
    manager = registered(lambda registry: registry.add("labels", "haar", target, "a:b"))
    with pytest.raises(PluginError, match=f"^Stranger: .*{message}"):
        _ = manager.registry.get("labels", "haar").options


def test_options_that_name_nothing_are_refused_at_once():
    with pytest.raises(PluginError, match='options of loss "x" is "module"; expected "package'):
        Registry().add("loss", "x", "module", "a:b")


class Made(dict):
    """What it was built with."""

    def __call__(self, size, *, progress, generator):
        return 1.0, 0.0


@attrs.frozen(kw_only=True)
class Host:
    """A component with a place for one of the plugin's own kind."""

    scale: int = option(2, "a key of its own that is called like a context", ge=1)
    filter: Selected | None = component("wavelets.filter", default=None)


@pytest.fixture
def with_kind(wavelets):
    def register(registry, contract="srplug_wavelets.contracts:Filter"):
        package = "srplug_wavelets"
        for name, target in (("haar", "Haar"), ("deaf", "Deaf")):
            registry.add(
                "wavelets.filter", name, f"{package}.options:Keys", f"{package}.filters:{target}"
            )
        registry.add_kind("wavelets.filter", contract)  # after its components: order is free
        registry.add("labels", "host", Host, Made)

    return register


def test_kind_of_a_plugin_is_chosen_listed_and_built_like_the_core_s(with_kind, capsys):
    from srcore.cli.components import command

    manager = registered(with_kind)
    with using(manager):
        table = {"filter": {"type": "haar", "taps": 4}}
        host = srcore.build("labels", "host", scale=8, **table)
        assert host["scale"] == 8
        assert host["filter"].build().taps == 4
        assert "wavelets.filter" in manager.registry.kinds()
        command(["wavelets.filter"], standalone_mode=False)
        assert "haar  [Stranger]  Keys of a stranger." in capsys.readouterr().out
        with pytest.raises(Invalid) as caught:
            Structurer(manager.registry).structure({"filter": {"type": "har"}}, Host)
    (problem,) = caught.value.problems
    assert str(problem) == 'filter.type: no wavelets.filter "har"; did you mean "haar"?'


def test_component_against_the_contract_of_a_plugin_s_kind_is_named(with_kind):
    with (
        using(registered(with_kind)),
        pytest.raises(
            PluginError,
            match=r'^Stranger: wavelets.filter "deaf": srplug_wavelets.filters:Deaf makes a Deaf; '
            r"expected a Filter \(it lacks analyze\)$",
        ),
    ):
        srcore.build("wavelets.filter", "deaf")


def test_contract_that_cannot_be_checked_names_who_added_the_kind(with_kind):
    manager = registered(lambda it: with_kind(it, "srplug_wavelets.contracts:Plain"))
    with using(manager), pytest.raises(PluginError, match="protocol that is runtime_checkable"):
        srcore.build("wavelets.filter", "haar")


@pytest.mark.parametrize("name", ["loss", "filter", "a.b.c", "wave lets.filter", "."])
def test_kind_is_named_after_its_plugin(name):
    with pytest.raises(PluginError, match=r'expected "plugin.what", such as'):
        Registry().add_kind(name)


def test_kind_that_two_plugins_add_names_both():
    registry = Registry()
    registry.owned_by("first").add_kind("wavelets.filter")
    with pytest.raises(PluginError, match=r'"wavelets.filter" is registered by first and by sec'):
        registry.owned_by("second").add_kind("wavelets.filter")


def test_component_of_a_kind_that_nobody_adds_names_its_plugin():
    manager = registered(lambda registry: registry.add("wavelets.filtre", "x", None, "a:b"))
    with pytest.raises(PluginError, match=r'^Stranger: registers "x" as a "wavelets.filtre", whi'):
        _ = manager.registry


def test_a_part_of_a_plugin_that_is_not_installed_says_what_to_install(isolated_plugins):
    registry = isolated_plugins.registry
    assert registry.unknown("loss", "ldl") == 'no loss "ldl"; it comes with srplug-ldl ' + (
        "(pip install srplug-ldl)"
    )
    assert registry.unknown(
        "loss", "ldll"
    ) == 'no loss "ldll"; did you mean "ldl"? it comes with ' + (
        "srplug-ldl (pip install srplug-ldl)"
    )
    assert "; installed: " in registry.unknown("loss", "high_pass"), "that is no loss"


def test_two_readers_of_weights_cannot_have_one_name():
    registry = Registry()
    registry.owned_by("first").add_reader("program", "first.reading:load")
    assert registry.readers() == {"program": ("first.reading:load", "first")}
    with pytest.raises(PluginError, match='reader of weights "program" is registered by first'):
        registry.owned_by("second").add_reader("program", "second.reading:load")
