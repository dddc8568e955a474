"""What optimizers and schedules of plugins are given, and how those that average are used."""

import attrs
import pytest
import torch
from safetensors.torch import load_file

import srcore
from srcore import option
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.testing import assert_same_state
from srcore.testing.experiments import load_checked


class Averaging(torch.optim.SGD):
    """Steps like SGD; ``eval()`` puts the mean of all iterates in place, as schedule-free does."""

    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            for parameter in group["params"]:
                state = self.state[parameter]
                state["n"] = state.get("n", 0) + 1
                mean = state.setdefault("mean", parameter.detach().clone())
                mean += (parameter.detach() - mean) / state["n"]

    def _swap(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                if "mean" in self.state[parameter]:
                    kept = parameter.detach().clone()
                    parameter.data.copy_(self.state[parameter]["mean"] + 0)
                    self.state[parameter]["mean"] = kept

    eval = train = _swap


@attrs.frozen(kw_only=True)
class RateOptions:
    """One rate."""

    learning_rate: float = option(1e-2, "base rate", gt=0)


def averaging(parameters, learning_rate):
    return Averaging(parameters, lr=learning_rate)


def by_name(named_parameters, learning_rate):
    groups = {True: [], False: []}
    for name, parameter in named_parameters:
        groups[name.endswith("bias")].append(parameter)
    biases = {"params": groups[True], "lr": 2 * learning_rate}
    return torch.optim.SGD([{"params": groups[False]}, biases], lr=learning_rate)


def by_network(network, learning_rate):
    return torch.optim.SGD(network.parameters(), lr=learning_rate * network.scale)


def falling(iterations):
    return lambda base, iteration: base * (1 - iteration / (iterations + 1))


class Extra:
    @srcore.hookimpl
    def srcore_register_components(self, registry):
        for target in (averaging, by_name, by_network):
            registry.add("optimizer", target.__name__, RateOptions, target)
        registry.add("schedule", "falling", None, falling)


@pytest.fixture(autouse=True)
def _plugged():
    with using(PluginManager(discover=False, extra=[Extra()])):
        yield


def run(file, output, *overrides):
    run_experiment(load_checked(file, overrides), output, resume=True, quiet=True)


def state_of(output):
    return torch.load(output / "tiny" / "checkpoints" / "last.pt", weights_only=True)


def groups(file, output, name, *extra):
    run(file, output, f"optimizer.generator.type={name}", *extra)
    return state_of(output)["optimizers"]["generator"]["param_groups"]


def test_an_optimizer_may_ask_for_names(tiny_experiment, tmp_path):
    weights, biases = groups(tiny_experiment, tmp_path, "by_name")
    assert (weights["lr"], biases["lr"]) == (1e-2, 2e-2)


def test_a_schedule_scales_the_base_rate_of_every_group_and_knows_the_length(
    tiny_experiment, tmp_path
):
    schedule = "schedule.generator.type=falling"
    weights, biases = groups(tiny_experiment, tmp_path, "by_name", schedule)
    assert weights["lr"] == pytest.approx(1e-2 / 7)
    assert biases["lr"] == pytest.approx(2e-2 / 7)


def test_an_optimizer_may_ask_for_the_network(tiny_experiment, tmp_path):
    (group,) = groups(tiny_experiment, tmp_path, "by_network")
    assert group["lr"] == 2e-2


def test_an_optimizer_that_averages_exports_its_average_and_resumes_to_the_bit(
    tiny_experiment, tmp_path
):
    chosen = ("optimizer.generator.type=averaging", "train.ema_decay=0")
    run(tiny_experiment, tmp_path / "whole", *chosen)
    # looked at in other iterations: what is trained to does not change
    run(tiny_experiment, tmp_path / "parts", *chosen, "train.iterations=2")
    run(tiny_experiment, tmp_path / "parts", *chosen, "train.validate_every=1")
    whole, parts = state_of(tmp_path / "whole"), state_of(tmp_path / "parts")
    for key in ("networks", "optimizers"):
        assert_same_state(whole[key], parts[key])
    exported = load_file(tmp_path / "whole/tiny/generator.safetensors")
    states = whole["optimizers"]["generator"]["state"]
    means = [state["mean"] for state in states.values()]
    assert all(
        any(value.shape == mean.shape and torch.equal(value, mean) for mean in means)
        for value in exported.values()
    )
    trained = whole["networks"]["generator"]
    assert not all(
        any(value.shape == other.shape and torch.equal(value, other) for other in trained.values())
        for value in exported.values()
    )
