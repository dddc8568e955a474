"""Every shipped tiny experiment, the plugins' too, trains on a GPU."""

import copy

import attrs
import pytest
import torch

from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_unchecked
from srcore.testing.runs import provide_images
from srcore.testing.specimen import random_weights

pytestmark = pytest.mark.gpu

TINY = sorted(name for name in plugins().registry.experiments() if "tiny" in name)


def shortened(loaded, device):
    def short(stage):
        table = copy.deepcopy(stage.table)
        train = table.setdefault("train", {})
        train |= {"iterations": 3, "device": device, "log_every": 1, "tensorboard": False}
        return attrs.evolve(stage, table=table)

    return attrs.evolve(loaded, stages=tuple(map(short, loaded.stages)))


@pytest.mark.parametrize("name", TINY)
def test_it_trains(name, gpu, tmp_path, monkeypatch):
    if name.startswith("sed/"):
        pytest.importorskip("open_clip")
    monkeypatch.chdir(tmp_path)
    loaded = shortened(load_unchecked(name), gpu.type)
    provide_images(loaded)
    with random_weights():
        run_experiment(loaded, tmp_path / "runs", quiet=True)
    files = sorted((tmp_path / "runs").rglob("last.pt"))
    assert files
    for file in files:
        state = torch.load(file, map_location="cpu", weights_only=True)
        for network in state["networks"].values():
            assert all(torch.isfinite(value.float()).all() for value in network.values())
