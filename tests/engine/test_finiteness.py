"""Everything that is saved is looked at before it is saved."""

import pytest
import torch
from torch import nn

import srcore
from srcore.engine.finiteness import Finiteness
from srcore.engine.parts import Parts
from srcore.errors import SrcoreError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins


class Masked(nn.Module):
    """A network with statistics, and with a mask that holds minus infinity on purpose."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.body = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 1), nn.BatchNorm2d(3 * scale**2))
        self.up = nn.PixelShuffle(scale)
        self.register_buffer("mask", torch.tensor([0.0, -torch.inf]))

    def forward(self, lr):
        return self.up(self.body(lr))


@pytest.fixture
def masked(isolated_plugins):
    isolated_plugins.registry.add("network", "masked", None, lambda scale: Masked(scale))
    return ("generator={type='masked'}",)


def parts_of(experiment, overrides):
    loaded = srcore.load_experiment(experiment, overrides)
    return Parts(
        loaded.experiment(loaded.stages[0]), torch.device("cpu"), registry=plugins().registry
    )


def adam_has_state(parts):
    for parameter in parts.generator_module.parameters():
        parameter.grad = torch.ones_like(parameter)
    parts.updaters["generator"].optimizer.step()


SPOILED = {
    "generator: body.0.weight": lambda parts: parts.generator_module.body[0].weight,
    "generator: body.1.running_var": lambda parts: parts.generator_module.body[1].running_var,
    "ema: body.1.running_mean": lambda parts: parts.ema.network.body[1].running_mean,
    "optimizer.generator: exp_avg_sq of body.0.bias": lambda parts: parts.updaters[
        "generator"
    ].optimizer.state[parts.generator_module.body[0].bias]["exp_avg_sq"],
}


@pytest.mark.parametrize("name", SPOILED)
def test_every_kind_of_state_is_named(masked, tiny_experiment, name):
    parts = parts_of(tiny_experiment, masked)
    finiteness = Finiteness(parts)
    adam_has_state(parts)
    assert finiteness.complaint() == ""
    with torch.no_grad():
        SPOILED[name](parts).view(-1)[0] = float("inf")
    assert finiteness.complaint() == name


def test_many_names_are_counted(masked, tiny_experiment):
    parts = parts_of(tiny_experiment, masked)
    finiteness = Finiteness(parts)
    with torch.no_grad():
        for tensor in parts.generator_module.state_dict().values():
            tensor.fill_(float("nan") if tensor.is_floating_point() else 0)
    assert finiteness.complaint().endswith(" and 3 more")


def test_statistics_that_overflowed_are_not_saved(masked, tiny_experiment, tmp_path, monkeypatch):
    from srcore.methods.supervised import Supervised

    step = Supervised.step

    def spoiled(self, batch):
        logs = step(self, batch)
        if self.parts.iteration == 4:
            self.parts.generator_module.body[1].running_var.fill_(torch.inf)
        return logs

    monkeypatch.setattr(Supervised, "step", spoiled)
    expected = r"iteration 4: not finite any more: generator: body\.1\.running_var, ema: body\.1"
    with pytest.raises(SrcoreError, match=expected):
        run_experiment(srcore.load_experiment(tiny_experiment, masked), tmp_path)
    state = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    assert state["iteration"] == 3  # the validation's
