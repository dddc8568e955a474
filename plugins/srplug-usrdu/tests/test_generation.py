import numpy as np
import pytest
import torch
from srplug_usrdu.generation import distribution_of, heat_map, to_png_levels
from srplug_usrdu.networks import Downsampler


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("tile", [20, 32, 50])
def test_tiles_equal_the_whole_image(scale, tile):
    torch.manual_seed(0)
    network = Downsampler(scale, num_features=4, num_blocks=2, feature_head=False).double().eval()
    hr = torch.rand(1, 3, 76, 108, dtype=torch.float64)
    whole = distribution_of(network, hr, tile=0, scale_map=True)
    tiled = distribution_of(network, hr, tile=tile, scale_map=True)
    expected = network(hr, heads="scale")
    for name in ("mean", "log_scale"):
        torch.testing.assert_close(getattr(whole, name), getattr(expected, name))
        torch.testing.assert_close(getattr(tiled, name), getattr(expected, name))


def test_log_scale_is_computed_only_when_asked_for():
    network = Downsampler(2, num_features=2, num_blocks=1, feature_head=False).eval()
    assert (
        distribution_of(network, torch.rand(1, 3, 8, 8), tile=0, scale_map=False).log_scale is None
    )


def test_levels_round_half_up_and_clip():
    values = torch.tensor([-0.1, 0.0, 0.5 / 255, 1.49 / 255, 2.5 / 255, 1.0, 1.3])
    levels = to_png_levels(values.expand(3, 1, -1))
    assert levels[0, :, 0].tolist() == [0, 0, 1, 1, 3, 255, 255]


def test_heat_map_runs_from_blue_to_red():
    picture = heat_map(np.array([[0.0, 0.5, 1.0]]))
    assert picture.shape == (1, 3, 3)
    assert picture[0, 0, 2] > picture[0, 0, 0]
    assert picture[0, 2, 0] > picture[0, 2, 2]


def test_heat_map_of_a_constant_is_one_color():
    assert len(np.unique(heat_map(np.full((4, 4), 0.3)).reshape(-1, 3), axis=0)) == 1
