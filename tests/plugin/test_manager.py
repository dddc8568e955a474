"""A broken plugin never produces a misleading error."""

from types import ModuleType

import pytest

import srcore
from srcore import hookspecs
from srcore.errors import DeprecatedHookWarning, PluginError, SrcoreError
from srcore.plugin.manager import PluginManager
from srcore.plugin.registry import Registry


def module(name="stranger", **functions):
    made = ModuleType(name)
    for key, value in functions.items():
        setattr(made, key, value)
    return made


def with_hook(function, name="srcore_register_components"):
    function.__name__ = name
    return module(**{name: srcore.hookimpl(function)})


def test_core_parts_arrive_through_an_ordinary_plugin():
    manager = PluginManager(discover=False)
    assert manager.plugins[0].name == "builtin"
    assert "srcore_register_components" in manager.hooks_of(manager.plugins[0])
    assert manager.registry.get("network", "edsr").owner == "srcore"


def test_plugin_registers_a_component_under_its_own_name():
    def register(registry):
        registry.add("loss", "mine", None, "srcore.losses.pixel:L1Loss")

    manager = PluginManager(discover=False, extra=[with_hook(register)])
    assert manager.registry.get("loss", "mine").owner == "stranger"


def test_duplicate_names_name_both_plugins():
    def register(registry):
        registry.add("network", "edsr", None, "x:y")

    with pytest.raises(PluginError, match=r'"edsr" is registered by srcore \S+ and by stranger'):
        _ = PluginManager(discover=False, extra=[with_hook(register)]).registry


def test_misspelt_hook_is_refused():
    misspelt = with_hook(lambda registry: None, "srcore_register_component")
    with pytest.raises(
        PluginError, match=r"stranger: srcore \S+ has no hook srcore_register_component;"
    ):
        PluginManager(discover=False, extra=[misspelt])


def test_hook_without_marker_is_refused():
    forgotten = module(srcore_register_components=lambda registry: None)
    with pytest.raises(PluginError, match=r"lacks the @srcore.hookimpl decorator"):
        PluginManager(discover=False, extra=[forgotten])


def test_wrong_signature_is_refused():
    wrong = with_hook(lambda registry, color: None)
    with pytest.raises(PluginError, match=r"stranger: .*color"):
        PluginManager(discover=False, extra=[wrong])


def test_raising_registration_hook_names_plugin_and_hook_and_keeps_the_cause():
    def register(registry):
        raise ZeroDivisionError("oh")

    with pytest.raises(
        PluginError, match="stranger: hook srcore_register_components failed: ZeroDivisionError: oh"
    ) as caught:
        _ = PluginManager(discover=False, extra=[with_hook(register)]).registry
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_raising_later_hook_names_plugin_and_hook():
    def started(run):
        raise KeyError("color")

    manager = PluginManager(discover=False, extra=[with_hook(started, "srcore_run_started")])
    with pytest.raises(PluginError, match="stranger: hook srcore_run_started failed: KeyError"):
        manager.hook.srcore_run_started(run=None)


def test_plugin_may_take_fewer_parameters_than_the_hook_offers():
    seen = []
    manager = PluginManager(
        discover=False,
        extra=[with_hook(lambda trainer: seen.append(trainer), "srcore_engines_created")],
    )
    manager.hook.srcore_engines_created(run=None, parts=None, trainer="t", evaluator=None)
    assert seen == ["t"]


def test_unknown_component_offers_the_closest_and_the_package():
    registry = PluginManager(discover=False).registry
    with pytest.raises(SrcoreError, match='no network "esdr"; did you mean "edsr"'):
        registry.get("network", "esdr")
    with pytest.raises(SrcoreError, match=r'no loss "ldl"; .*comes with srplug-ldl'):
        registry.get("loss", "ldl")


def test_unknown_kind_and_plain_class_as_options_are_refused():
    registry = Registry(owner="stranger")
    with pytest.raises(PluginError, match='registers "x" as a "color"; kinds are network'):
        registry.add("color", "x", None, "a:b")
    with pytest.raises(PluginError, match='options of loss "x" must be an attrs class'):
        registry.add("loss", "x", dict, "a:b")


def test_deprecated_hook_names_the_distribution_of_the_plugin(monkeypatch):
    @hookspecs.hookspec(warn_on_impl=DeprecationWarning("srcore_run_ended goes away in 0.3"))
    def srcore_run_ended(run): ...

    @hookspecs.hookspec(warn_on_impl_args={"color": DeprecationWarning("color goes away in 0.3")})
    def srcore_run_began(run, color): ...

    monkeypatch.setattr(hookspecs, "srcore_run_ended", srcore_run_ended, raising=False)
    monkeypatch.setattr(hookspecs, "srcore_run_began", srcore_run_began, raising=False)
    ended = with_hook(lambda run: None, "srcore_run_ended")
    message = r"^stranger: srcore_run_ended goes away in 0\.3; look for a newer version"
    with pytest.warns(DeprecatedHookWarning, match=message):
        PluginManager(discover=False, extra=[ended])
    began = with_hook(lambda color: None, "srcore_run_began")
    with pytest.warns(DeprecatedHookWarning, match="^stranger: color goes away in 0"):
        PluginManager(discover=False, extra=[began])


def test_left_out_plugins_are_not_loaded(monkeypatch):
    discovered = [plugin.name for plugin in PluginManager().plugins if plugin.is_discovered]
    manager = PluginManager(without=discovered)
    assert [plugin.name for plugin in manager.plugins] == ["builtin"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("ldll", 'did you mean "ldl"'), ("zzzzzzzz", "srcore plugins lists"), ("builtin", "")],
)
def test_a_name_to_leave_out_that_nobody_has_is_refused(name, hint):
    message = rf"^--without {name}: no plugin of this name is installed; .*{hint}"
    with pytest.raises(PluginError, match=message):
        PluginManager(without=["ldl", name])
