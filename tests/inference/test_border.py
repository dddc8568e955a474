import inspect

import numpy as np
import pytest
import torch

import srcore
from srcore.cli.upscale import command
from srcore.errors import SrcoreError
from srcore.inference.border import Continued
from srcore.inference.tiling import Span


@pytest.mark.parametrize("border", [0, 1, 5, 23])
def test_windows_are_those_of_the_image_padded_by_numpy(border):
    image = np.random.default_rng(0).integers(0, 256, (7, 5, 3), np.uint8)
    padded = np.pad(image, ((border, border), (border, border), (0, 0)), mode="symmetric")
    continued = Continued(image, border)
    assert (continued.height, continued.width) == padded.shape[:2]
    for top, bottom, left, right in [(0, 3, 0, 5), (1, 7, 2, 4), (0, *padded.shape[:1], 0, 5)]:
        window = continued.window(Span(top, bottom), Span(left, right))
        np.testing.assert_array_equal(window, padded[top:bottom, left:right])


def test_the_border_is_cut_away_whatever_the_bands():
    image = np.zeros((6, 4, 1), np.uint8)
    whole = torch.arange(2 * 10 * 2 * 8).reshape(1, 20, 16)  # x2 of 6 + 2*2 and 4 + 2*2 pixels
    for sizes in ([20], [1] * 20, [3, 2, 11, 4], [16, 4]):
        bands = list(Continued(image, 2).cut_away(iter(torch.split(whole, sizes, 1)), 2))
        assert torch.equal(torch.cat(bands, 1), whole[:, 4:16, 4:12])


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=2).eval()


@pytest.mark.parametrize("shape", [(50, 61, 3), (50, 61), (1, 1, 3), (3, 70, 4)])
def test_the_result_is_the_inside_of_the_padded_image_enlarged(network, shape):
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    pads = ((8, 8), (8, 8), *[(0, 0)] * (len(shape) - 2))
    padded = np.pad(image, pads, mode="symmetric")
    wanted = srcore.upscale(network, padded, tile=None, border=0)
    counted = []
    for tile in (None, 32):
        upscaled = srcore.upscale(network, image, border=8, tile=tile, progress=counted.append)
        assert upscaled.shape == (2 * shape[0], 2 * shape[1], *shape[2:])
        assert upscaled.dtype == image.dtype
        difference = np.abs(upscaled.astype(int) - wanted[16:-16, 16:-16])
        assert difference.max() <= 1
    assert sum(counted) == 2 * shape[0] * shape[1]


def test_with_a_border_far_enough_edges_do_not_show(network):
    """A flat image stays flat up to its edges, which zeros beyond them would spoil."""
    image = np.full((20, 30, 3), (250, 10, 200), np.uint8)
    radius = network.receptive_radius
    assert np.ptp(srcore.upscale(network, image, border=0)[..., 1].astype(int)) > 1
    phases = srcore.upscale(network, image, border=radius)
    assert np.ptp(phases[::2, ::2, 1].astype(int)) <= 1


def test_a_negative_border_is_refused(network):
    with pytest.raises(SrcoreError, match="border: expected a number >= 0, found -1"):
        srcore.upscale(network, np.zeros((4, 4, 3), np.uint8), border=-1)


def test_functions_have_the_border_of_the_commands():
    """What is looked at is continued, from Python as from the command line."""
    defaults = {it.name: it.default for it in command.params}
    for function in (srcore.upscale, srcore.upscale_film):
        default = inspect.signature(function).parameters["border"].default
        assert default == defaults["border"] == 8
