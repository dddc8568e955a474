"""Six iterations equal three, a checkpoint and three more, to the bit, with every optimizer."""

import io
import random
import signal

import attrs
import pytest
import torch
from srplug_optimizers.by_name import signatures
from torch import nn

from srcore.engine.loss_scale import LossScale
from srcore.engine.updater import Updater
from srcore.optimization.building import build_optimizer
from srcore.options import Selected
from srcore.plugin.manager import plugins
from srcore.testing import assert_same_state, runs, write_tiny_images
from srcore.testing.killing import KilledAt, fork, wait
from srcore.testing.specimen import options_for

REGISTERED = sorted(
    entry.name
    for entry in plugins().registry.components("optimizer")
    if entry.owner in ("srcore", "srplug-optimizers") and entry.name != "pytorch_optimizer"
)
BY_NAME = sorted(name for name, signature in signatures().items() if not signature.refused)
#: Arguments that there must be.
NEEDED = {"ranger21": {"arguments": {"num_iterations": 100}}}
#: One that thinks for seconds before its first step.
SLOW = ("kron",)
SAMPLE = random.Random(0).sample(sorted(set(BY_NAME) - set(SLOW)), 6)


def by_name(name):
    return "pytorch_optimizer", {"name": name, **NEEDED.get(name, {})}


def updater(component, keys):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, padding=1, bias=False),
        nn.GroupNorm(2, 8),
        nn.ConvTranspose2d(8, 4, 2, 2),
        nn.Conv2d(4, 3, 1),
        nn.Flatten(2),
        nn.Linear(64, 6),
    )
    entry = plugins().registry.get("optimizer", component)
    optimizer = build_optimizer(Selected(entry, options_for(entry, keys)), network)
    return Updater(
        network, optimizer, lambda base, i: base / (1 + i / 10), LossScale(enabled=False)
    )


def step(trained, iteration):
    torch.manual_seed(iteration)
    trained.begin(iteration, 1, watch_norm=False)
    trained.backward((trained.network(torch.rand(2, 3, 4, 4)) - 0.3).square().mean())
    trained.step()
    with trained.evaluating():  # a validation
        return trained.network.state_dict()


def kept(trained):
    """What a checkpoint keeps of it."""
    stream = io.BytesIO()
    torch.save((trained.network.state_dict(), trained.optimizer.state_dict()), stream)
    stream.seek(0)
    return torch.load(stream, weights_only=True)


def resumes(component, keys, half=3):
    whole, second = updater(component, keys), updater(component, keys)
    for iteration in range(1, half + 1):
        step(whole, iteration)
    network, optimizer = kept(whole)
    second.network.load_state_dict(network)
    second.optimizer.load_state_dict(optimizer)
    for iteration in range(half + 1, 2 * half + 1):
        step(whole, iteration)
        step(second, iteration)
    assert_same_state(kept(whole), kept(second))


@pytest.mark.parametrize("name", REGISTERED)
def test_registered_ones_go_on_to_the_bit(name):
    resumes(name, {})


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_sample_by_name_goes_on_to_the_bit(name):
    resumes(*by_name(name))


@pytest.mark.stress
@pytest.mark.filterwarnings("ignore")  # of 105 classes
def test_all_go_on_to_the_bit(stress_result):
    wrong = {}
    for half in (3, 13):  # 13: beyond the tenth, when SOAP changes its basis
        for name in (*REGISTERED, *BY_NAME):
            component, keys = by_name(name) if name in BY_NAME else (name, {})
            try:
                resumes(component, keys, half)
            except Exception as error:  # which one it is belongs to the result
                wrong[f"{name}, {2 * half}"] = f"{type(error).__name__}: {error}"[:200]
    stress_result(
        "optimizers", registered=len(REGISTERED), by_name=len(BY_NAME), lengths=[6, 26], wrong=wrong
    )
    assert not wrong


TEN = (
    *("adan", "adopt", "came", "lion", "mars"),
    *("muon", "prodigy", "schedule_free_adamw", "schedule_free_radam", "soap"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEN)
def test_killed_processes_go_on_to_the_bit(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "images/hr", 3)
    tables = {
        "optimizer": {"generator": {"type": name}},
        "schedule": {"generator": {"type": "constant", "warmup_iterations": 3}},
    }
    loaded = runs.own_experiment(tmp_path, tables)
    whole = runs.train_run(loaded, tmp_path / "whole")
    killed = attrs.evolve(loaded, plugins=loaded.plugins.extended(KilledAt(3)))
    child = fork(lambda: runs.train_run(killed, tmp_path / "killed"), tmp_path / "log")
    assert wait(child) == -signal.SIGKILL, (tmp_path / "log").read_text()
    resumed = runs.train_run(loaded, tmp_path / "killed", resume=True)
    assert list(runs.differing_ends(whole, [resumed])) == []
    exported = [tmp_path / it / "contract/generator.safetensors" for it in ("whole", "killed")]
    assert exported[0].read_bytes() == exported[1].read_bytes()
