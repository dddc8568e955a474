"""Groups of parameters with every optimizer: rates of their own, and what it has once for all."""

import attrs
import pytest
import torch
from srplug_optimizers.catalog import OPTIMIZERS
from torch import nn

from srcore.config.group_table import GroupTable
from srcore.errors import SrcoreError
from srcore.optimization.building import build_optimizer
from srcore.options import Selected
from srcore.plugin.manager import plugins
from srcore.testing.specimen import options_for


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.Conv2d(4, 3, 1))


def built(name, keys, *groups):
    entry = plugins().registry.get("optimizer", name)
    trained = network()
    made = build_optimizer(Selected(entry, options_for(entry, keys)), trained, groups)
    return trained, made


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_biases_have_their_rate_and_decay_and_all_is_trained(name):
    component = plugins().registry.get("optimizer", name).options
    has_decay = "weight_decay" in {field.name for field in attrs.fields(component)}
    keys = {"weight_decay": 0.25} if has_decay else {}
    decay = {"weight_decay": 0.125} if has_decay and name != "muon" else {}
    biases = GroupTable(match="*.bias", learning_rate_factor=0.5, overrides=decay)
    trained, made = built(name, keys, biases)
    of = {id(p): group for group in made.param_groups for p in group["params"]}
    assert len(of) == sum(len(group["params"]) for group in made.param_groups) == 6
    plain = {id(p): g for g in built(name, keys)[1].param_groups for p in g["params"]}
    rates = {group["lr"] for group in plain.values()}
    before = {key: value.detach().clone() for key, value in trained.named_parameters()}
    for key, value in trained.named_parameters():
        is_bias = key.endswith("bias")
        assert of[id(value)]["lr"] in ({rate / 2 for rate in rates} if is_bias else rates)
        if decay:
            assert of[id(value)]["weight_decay"] == (0.125 if is_bias else 0.25)
    for _ in range(6):  # some look on at first
        made.zero_grad()
        (trained(torch.rand(2, 3, 8, 8)) - 0.3).square().mean().backward()
        made.step()
    assert all(not torch.equal(value, before[key]) for key, value in trained.named_parameters())


def test_arguments_by_name_may_be_of_a_group():
    group = GroupTable(match="*.bias", overrides={"arguments": {"weight_decay": 0.0}})
    keys = {"name": "yogi", "arguments": {"weight_decay": 0.5}}
    others, biases = built("pytorch_optimizer", keys, group)[1].param_groups
    assert (others["weight_decay"], biases["weight_decay"]) == (0.5, 0.0)


def test_what_there_is_once_for_all_parameters_is_refused():
    group = GroupTable(match="*.bias", overrides={"adamw_eps": 1e-3})
    built("muon", {}, group)
    wrong = GroupTable(match="0.weight", overrides={"adamw_eps": 1e-3})
    with pytest.raises(SrcoreError, match=r'groups\[0\].adamw_eps: "muon" has one value of it for'):
        built("muon", {}, wrong)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_parameters_without_numbers_are_left_out(name):
    """A small width leaves nothing of some layers; CAME takes the mean of what is not there."""
    torch.manual_seed(0)
    trained = network()
    trained.register_parameter("nothing", nn.Parameter(torch.empty(0, 2)))
    entry = plugins().registry.get("optimizer", name)
    made = build_optimizer(Selected(entry, options_for(entry, {})), trained)
    for _ in range(2):
        made.zero_grad()
        loss = trained(torch.rand(2, 3, 4, 4)).square().mean() + trained.nothing.sum()
        loss.backward()
        made.step()
    of = [value for state in made.state.values() for value in state.values()]
    numbers = [*trained.parameters(), *filter(torch.is_tensor, of)]
    assert all(value.isfinite().all() for value in numbers if value.is_floating_point())
    assert sum(len(group["params"]) for group in made.param_groups) == 6
