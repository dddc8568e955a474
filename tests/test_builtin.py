"""The core is a plugin: what it does at a hook, others can see, change and leave out."""

import pytest

import srcore
from srcore.errors import ConfigError, Problem
from srcore.plugin.manager import PluginManager, using


class Around:
    """A plugin that stands between the core's checks and who reads them."""

    def __init__(self, change):
        self.change = change

    @srcore.hookimpl(wrapper=True)
    def srcore_experiment_loaded(self, experiment, registry):
        return self.change((yield), registry)


def checked(experiment, change):
    with using(PluginManager(discover=False, extra=[Around(change)])):
        srcore.load_experiment(experiment, ["train.batch_size=4", "train.accumulate=3"])


def test_the_cores_checks_are_an_implementation_of_the_hook(tiny_experiment):
    seen = []

    def add(lists, registry):
        seen.extend(lists)
        return [*lists, [Problem("scale", f"{len(list(registry.components('network')))} networks")]]

    with pytest.raises(ConfigError) as caught:
        checked(tiny_experiment, add)
    assert [[problem.path for problem in problems] for problems in seen] == [["train.accumulate"]]
    networks = len(list(PluginManager(discover=False).registry.components("network")))
    assert [problem.path for problem in caught.value.problems] == ["train.accumulate", "scale"]
    assert caught.value.problems[1].message == f"{networks} networks"


def test_a_wrapper_may_leave_the_cores_problems_out(tiny_experiment):
    checked(tiny_experiment, lambda lists, registry: [[] for _ in lists])


def test_every_hook_of_the_core_is_called_through_pluggy():
    manager = PluginManager(discover=False)
    assert manager.hooks_of(manager.plugins[0]) == [
        "srcore_experiment_loaded",
        "srcore_register_commands",
        "srcore_register_components",
        "srcore_register_experiments",
        "srcore_register_models",
        "srcore_register_weight_dialects",
        "srcore_run_finished",
    ]
