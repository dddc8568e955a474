"""How pluggy calls the implementations of plugins: order, wrappers, and whose failure it is."""

import pytest

import srcore
from srcore.errors import PluginError, Problem, SrcoreError
from srcore.plugin.manager import PluginManager


def plugin(label, hook="srcore_run_started", **mark):
    """A plugin with one function that is marked as an implementation of ``hook``."""

    def decorate(function):
        function.__name__ = hook
        made = type(label, (), {hook: staticmethod(srcore.hookimpl(**mark)(function))})
        made.__name__ = label
        return made

    return decorate


def started(*extra):
    PluginManager(discover=False, extra=extra).hook.srcore_run_started(run=None)


@pytest.mark.parametrize(
    ("marks", "order"),
    [
        ({}, "abc"),
        ({"c": {"tryfirst": True}}, "cab"),
        ({"a": {"trylast": True}}, "bca"),
        ({"a": {"trylast": True}, "c": {"tryfirst": True}}, "cba"),
    ],
)
def test_plugins_are_called_in_their_order_unless_they_ask_otherwise(marks, order):
    called = []
    made = [
        plugin(name, **marks.get(name, {}))(lambda run, name=name: called.append(name))
        for name in "abc"
    ]
    started(*made)
    assert "".join(called) == order


@pytest.fixture
def valid(tiny_experiment):
    """A typed experiment in which the core finds nothing."""
    loaded = srcore.load_experiment(tiny_experiment)
    return loaded.experiment(loaded.stages[0])


def found(manager, experiment):
    return manager.hook.srcore_experiment_loaded(experiment=experiment, registry=manager.registry)


def test_wrapper_runs_around_all_others_and_changes_what_they_return(valid):
    called = []

    @plugin("outer", "srcore_experiment_loaded", wrapper=True)
    def outer(experiment):
        called.append("before")
        results = yield
        called.append("after")
        return [[problem.below("outer") for problem in problems] for problems in results]

    @plugin("inner", "srcore_experiment_loaded")
    def inner(experiment):
        called.append("inside")
        return [Problem("key", "odd")]

    manager = PluginManager(discover=False, extra=[outer, inner])
    assert found(manager, valid) == [[], [Problem("outer.key", "odd")]], "the core's are first"
    assert called == ["before", "inside", "after"]


def test_old_style_wrapper_works_too(valid):
    @plugin("outer", "srcore_experiment_loaded", hookwrapper=True)
    def outer(experiment):
        outcome = yield
        outcome.force_result([[Problem("", "odd")], *outcome.get_result()])

    manager = PluginManager(discover=False, extra=[outer])
    assert found(manager, valid) == [[Problem("", "odd")], []]


def test_wrapper_sees_a_failure_inside_and_is_not_blamed_for_it():
    seen = []

    @plugin("outer", wrapper=True)
    def outer(run):
        try:
            return (yield)
        except PluginError as error:
            seen.append(error.__cause__)
            raise

    @plugin("inner")
    def inner(run):
        raise KeyError("color")

    with pytest.raises(PluginError, match=r"^inner: hook srcore_run_started failed: KeyError"):
        started(outer, inner)
    assert [type(error) for error in seen] == [KeyError]


def test_wrapper_may_turn_a_failure_into_a_result():
    @plugin("outer", wrapper=True)
    def outer(run):
        try:
            return (yield)
        except PluginError:
            return []

    @plugin("inner")
    def inner(run):
        raise KeyError("color")

    started(outer, inner)


def before(run):
    raise KeyError("color")
    yield


def after(run):
    yield
    raise KeyError("color")


def silent(run):
    if run is not None:
        yield


def twice(run):
    yield
    yield


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (before, "failed: KeyError: 'color'"),
        (after, "failed: KeyError: 'color'"),
        (silent, "did not yield; a wrapper yields once"),
        (twice, "yields again; a wrapper yields once"),
    ],
)
def test_wrapper_is_named_when_it_fails_itself(function, message):
    broken = plugin("outer", wrapper=True)(function)
    with pytest.raises(PluginError, match=f"^outer: hook srcore_run_started {message}"):
        started(broken, plugin("inner")(lambda run: None))


def test_wrapper_that_loses_the_problems_of_others_is_named(valid):
    @plugin("outer", "srcore_experiment_loaded", wrapper=True)
    def outer(experiment):
        yield

    manager = PluginManager(discover=False, extra=[outer])
    with pytest.raises(PluginError, match=r"^outer: .* returned None; a wrapper returns what its"):
        found(manager, valid)


def test_expected_failure_of_a_check_is_not_renamed_though_it_is_handed_the_registry(valid):
    @plugin("inner", "srcore_experiment_loaded")
    def inner(experiment, registry):
        registry.get("network", "esdr")

    with pytest.raises(SrcoreError, match=r'^no network "esdr"; did you mean "edsr"'):
        found(PluginManager(discover=False, extra=[inner]), valid)


def test_what_fails_in_the_core_is_shown_as_it_is():
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        found(PluginManager(discover=False), None)


def test_expected_failure_of_a_run_is_not_renamed():
    @plugin("inner")
    def inner(run):
        raise SrcoreError("no license for this image")

    with pytest.raises(SrcoreError, match=r"^no license for this image$"):
        started(inner)


def test_every_plugin_adds_to_its_own_view_of_the_registry():
    kept = []

    def register(registry, kept=kept):
        kept.append(registry)
        registry.add("loss", f"loss_{len(kept)}", None, "a:b")

    def also(registry):
        register(registry)

    hook = "srcore_register_components"
    made = [plugin("first", hook)(register), plugin("second", hook)(also)]
    registry = PluginManager(discover=False, extra=made).registry
    assert registry.get("loss", "loss_1").owner == "first"
    assert registry.get("loss", "loss_2").owner == "second"
    kept[0].add("loss", "late", None, "a:b")  # the first view is still the first one's
    assert registry.get("loss", "late").owner == "first"
    assert registry.owner == "srcore"


def test_hook_of_another_version_is_left_alone_if_it_is_optional():
    @plugin("later", "srcore_run_paused", optionalhook=True)
    def later(run):
        raise KeyError

    started(later)


def test_function_of_another_name_implements_the_hook_that_its_mark_says():
    called = []
    made = type("named", (), {})
    made.begin = staticmethod(
        srcore.hookimpl(specname="srcore_run_started")(lambda run: called.append(run))
    )
    started(made)
    assert called == [None]
    made.begin = staticmethod(srcore.hookimpl(specname="srcore_run_start")(lambda run: None))
    with pytest.raises(PluginError, match="has no hook srcore_run_start;"):
        started(made)
