"""Checkpoints as LDL releases them: a dictionary with ``params`` and/or ``params_ema``."""

import pytest
import torch

import srcore
from srcore.errors import WeightsError
from srcore.plugin.manager import plugins
from srcore.weights.loading import load_into

NETWORKS = {
    "rrdbnet": {"num_features": 4, "num_blocks": 1, "growth_channels": 4},
    "swinir": {"embed_dim": 12, "depths": (1, 2), "num_heads": (2, 2), "num_features": 8},
    "msrresnet": {"num_features": 4, "num_blocks": 2},
}


def released(tmp_path, name, scale):
    network = srcore.build("network", name, scale=scale, **NETWORKS[name]).eval()
    state = {f"module.{key}": value for key, value in network.state_dict().items()}
    average = {key: value + 1 for key, value in state.items() if value.is_floating_point()}
    path = tmp_path / f"LDL_{name}.pth"
    torch.save({"params": state, "params_ema": state | average}, path)
    return network, path


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_released_files_load_with_architecture_and_scale(tmp_path, name, scale):
    network, path = released(tmp_path, name, scale)
    loaded = srcore.load_generator(path, key="params")
    assert loaded.scale == scale
    lr = torch.rand(1, 3, 16, 16)
    with torch.no_grad():
        assert torch.equal(loaded(lr), network(lr))
    ema = srcore.load_generator(path).state_dict()
    key = "conv_first.weight"
    assert torch.equal(ema[key], network.state_dict()[key] + 1), "EMA weights come first"


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("held", "wanted"), [(2, 4), (4, 2)])
def test_x2_and_x4_mistaken_for_each_other_are_named(tmp_path, name, held, wanted):
    _, path = released(tmp_path, name, held)
    network = srcore.build("network", name, scale=wanted, **NETWORKS[name])
    message = rf"LDL_{name}\.pth: holds x{held} weights, but the network is x{wanted}"
    with pytest.raises(WeightsError, match=message):
        load_into(network, path, network_type=name, registry=plugins().registry)
    with pytest.raises(WeightsError, match=f"holds x{held} weights; expected x{wanted}"):
        srcore.load_generator(path, scale=wanted)
