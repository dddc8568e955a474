"""Wrappings of other programs: what is in them is found, and what is harmless beside it ignored."""

import argparse
import pathlib

import numpy as np
import pytest
import torch

import srcore
from srcore.api import load_generator
from srcore.errors import WeightsError
from srcore.plugin.manager import plugins
from srcore.weights.containers import read_checkpoint
from srcore.weights.loading import load_into
from srcore.weights.wrappers import unwrap

FIRST = {"conv.weight": torch.ones(2, 2), "conv.bias": torch.zeros(2)}
SECOND = {"conv.weight": torch.full((2, 2), 2.0), "conv.bias": torch.ones(2)}


@pytest.fixture
def state():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1).state_dict()


def saved(path, content):
    torch.save(content, path)
    return path


def assert_loads(path, state, **how):
    loaded = load_generator(path, **how).state_dict()
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_counters_of_a_profiler_are_left_out_and_named(tmp_path, state, caplog):
    layers = {name.rpartition(".")[0] for name in state}
    counters = {
        f"{layer}.{name}".lstrip("."): torch.zeros(1, dtype=torch.float64)
        for layer in ("", *layers)
        for name in ("total_ops", "total_params")
    }
    assert_loads(saved(tmp_path / "x.pth", {**state, **counters}), state)
    assert f"{len(counters)} counters of a profiler are left out (total_ops)" in caplog.text


@pytest.mark.parametrize(
    "extra",
    [
        np.float64(31.2), np.int64(3), np.float32(1.0), np.bool_(True), np.arange(4.0),
        argparse.Namespace(lr=1e-4), pathlib.PurePosixPath("runs"), {"metric": np.float64(1)},
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_numbers_and_settings_beside_weights_are_read_over(tmp_path, state, extra):
    if isinstance(extra, pathlib.PurePath):
        extra = pathlib.PosixPath("runs")
    path = saved(tmp_path / "x.pth", {"params": state, "best_psnr": extra, "iter": 5000})
    assert_loads(path, state)


@pytest.mark.parametrize(
    ("content", "taken"),
    [
        ({"params": FIRST, "model_ema": SECOND}, "model_ema"),
        ({"state_dict": FIRST, "ema_state_dict": SECOND}, "ema_state_dict"),
        ({"state_dict": FIRST, "ema": {"module": SECOND, "decay": 0.9}}, "ema.module"),
        ({"net_g": FIRST, "net_g_ema": SECOND, "net_d": FIRST}, "net_g_ema"),
        ({"net_d_ema": FIRST, "net_g_ema": SECOND}, "net_g_ema"),
        ({"net_d_ema": FIRST, "params": SECOND}, "params"),
        ({"generator": SECOND, "discriminator": FIRST}, "generator"),
        ({"models": {"netG": SECOND, "netD": FIRST}}, "models.netG"),
        ({"schema": FIRST, "params": SECOND}, "params"),  # "ema" as a word only
        ({"optimizer_state_dict": {"ema": FIRST}, "params": SECOND}, "params"),
    ],
)
def test_running_averages_and_generators_come_first(content, taken):
    tensors, name = unwrap(content)
    assert name == taken
    assert torch.equal(tensors["conv.bias"], SECOND["conv.bias"])


def test_several_networks_are_named_and_one_is_chosen_by_key(tmp_path):
    content = {"first": FIRST, "second": SECOND, "epoch": 3}
    path = saved(tmp_path / "x.pth", content)
    with pytest.raises(WeightsError, match=r"several networks: first, second; choose .*--key NAME"):
        read_checkpoint(path)
    assert torch.equal(read_checkpoint(path, key="second").state["conv.bias"], torch.ones(2))


def test_networks_that_lie_in_one_state_dict_are_told_apart(tmp_path, state):
    content = {f"netG.{name}": value for name, value in state.items()}
    content |= {f"netD.{name}": value for name, value in FIRST.items()}
    path = saved(tmp_path / "x.pth", {"state_dict": content})
    assert_loads(path, state)
    assert_loads(path, state, key="state_dict.netG")
    with pytest.raises(WeightsError, match=r'no entry "state_dict.netX" .* it has netD, netG'):
        read_checkpoint(path, key="state_dict.netX")


@pytest.mark.parametrize("prefix", ["model.", "generator.", "module.net_g.", "a.b.c."])
def test_prefixes_of_any_name_are_stripped_where_it_helps(tmp_path, state, prefix):
    path = saved(tmp_path / "x.pth", {prefix + name: value for name, value in state.items()})
    assert_loads(path, state)
    network = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1)
    assert load_into(network, path, network_type="edsr", registry=plugins().registry).complete


def test_prefixes_of_a_network_without_a_dialect_are_stripped(tmp_path):
    network = srcore.build("discriminator", "unet", num_features=4)
    state = {f"model.{name}": value for name, value in network.state_dict().items()}
    path = saved(tmp_path / "x.pth", state)
    assert load_into(
        network, path, network_type="unet", role="discriminator", registry=plugins().registry
    ).complete
