"""Whether one network can start from another one is told as loading tells it."""

import pytest
import torch

from srcore.checking.succession import StageNetwork, can_start, decisive
from srcore.config.structure import Structurer
from srcore.errors import WeightsError
from srcore.options import Selected
from srcore.plugin.manager import plugins
from srcore.weights.loading import load_into
from srcore.weights.saving import GeneratorMetadata, save_safetensors

RRDB = {"num_features": 8, "num_blocks": 1, "growth_channels": 4}
SWIN = {"embed_dim": 8, "depths": [1, 1], "num_heads": [2, 2], "window_size": 4, "img_size": 8}
COMPACT = {"num_features": 8, "num_convs": 2}
RELU = COMPACT | {"activation": "relu"}


def chosen(name, scale, options):
    component = plugins().registry.get("network", name)
    table = Structurer(plugins().registry).structure_table(options, component.options)
    return StageNetwork(Selected(component, table), scale)


PAIRS = [
    ("rrdbnet", 4, RRDB, "rrdbnet", 4, RRDB),
    ("rrdbnet", 4, RRDB, "rrdbnet", 4, RRDB | {"num_blocks": 2}),
    ("rrdbnet", 4, RRDB | {"num_blocks": 2}, "rrdbnet", 4, RRDB),
    ("rrdbnet", 4, RRDB, "rrdbnet", 2, RRDB),
    ("rrdbnet", 4, RRDB, "edsr", 4, {"num_features": 8, "num_blocks": 1}),
    ("edsr", 2, {"num_features": 8}, "edsr", 2, {"num_features": 8, "res_scale": 0.1}),
    ("edsr", 2, {"num_features": 8}, "edsr", 4, {"num_features": 8}),
    ("compact", 2, COMPACT, "compact", 2, COMPACT | {"activation": "relu"}),
    ("compact", 2, RELU, "compact", 2, RELU | {"activation": "leakyrelu"}),
    ("swinir", 2, SWIN, "swinir", 2, SWIN | {"img_size": 16}),
    ("swinir", 2, SWIN, "swinir", 2, SWIN | {"window_size": 8}),
    ("swinir", 2, SWIN, "swinir", 2, SWIN | {"drop_path_rate": 0.0, "img_range": 2.0}),
    ("swinir", 2, SWIN, "swinir", 2, SWIN | {"upsampler": "pixelshuffledirect"}),
]


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_the_verdict_is_that_of_loading(tmp_path, pair, partial):
    trained, own = chosen(pair[0], pair[1], pair[2]), chosen(pair[3], pair[4], pair[5])
    about = GeneratorMetadata(pair[0], pair[2], pair[1])
    save_safetensors(
        tmp_path / "it",
        trained.selected.build(scale=pair[1]).state_dict(),
        about,
        registry=plugins().registry,
    )
    network = own.selected.build(scale=pair[4])
    try:
        load_into(
            network,
            tmp_path / "it",
            network_type=pair[3],
            partial=partial,
            registry=plugins().registry,
        )
        loads = True
    except WeightsError:
        loads = False
    before = torch.get_rng_state()
    assert can_start(own, trained, partial=partial, registry=plugins().registry) is loads
    assert torch.equal(torch.get_rng_state(), before)


def test_only_the_settings_that_matter_are_decisive():
    trained = chosen("edsr", 2, {"num_features": 8, "num_blocks": 2})
    own = chosen("edsr", 2, {"num_features": 8, "num_blocks": 3, "res_scale": 0.5})
    assert list(decisive(own, trained, registry=plugins().registry)) == [("num_blocks", 2, 3)]


def test_of_networks_that_cannot_be_built_so_nothing_is_told():
    trained = chosen("edsr", 2, {"num_blocks": 1024})
    assert can_start(chosen("edsr", 2, {}), trained, registry=plugins().registry) is None
