"""Differences of tiles where they meet."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from srcore import upscale
from srcore.inference.seams import Seams
from srcore.testing import tiny_image


class Shifted(nn.Module):
    """A flat picture that is brighter by some levels in every tile but the first."""

    scale = 1

    def __init__(self, levels):
        super().__init__()
        self.levels = levels
        self.calls = 0

    def forward(self, lr):
        self.calls += 1
        return torch.full_like(lr, 0.5) + (self.levels / 255 if self.calls > 1 else 0)


@pytest.mark.parametrize("sides", [(20, 60), (60, 20)])
@pytest.mark.parametrize("levels", [2, 7])
def test_the_largest_difference_of_neighbors_is_told_in_gray_levels(sides, levels, caplog):
    upscale(Shifted(levels), tiny_image(0, *sides), tile=32, overlap=8)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"Shifted: tiles differ by up to {levels} gray levels where they meet" in record.message
    assert "tile=None runs it whole" in record.message


@pytest.mark.parametrize("levels", [0, 0.3, 1])
def test_one_level_is_not_told_of(levels, caplog):
    upscale(Shifted(levels), tiny_image(0, 60, 60), tile=32, overlap=8)
    assert not caplog.records


def test_further_images_are_told_of_where_they_are_worse(caplog):
    network, image = Shifted(3), tiny_image(0, 20, 60)
    for levels in (3, 3, 2, 5):
        network.levels, network.calls = levels, 0
        upscale(network, image, tile=32, overlap=8)
    assert [record.args[1] for record in caplog.records] == [3, 5]


def test_what_no_picture_shows_is_no_difference():
    seams = Seams()
    seams.compare(torch.full((3, 2, 2), -4.0), torch.zeros(3, 2, 2))
    seams.compare(torch.full((3, 2, 2), 1.0), torch.full((3, 2, 2), 9.0))
    seams.compare(torch.zeros(3, 2, 0), torch.zeros(3, 2, 0))
    assert seams.levels == 0


def test_a_network_that_looks_at_the_whole_image_is_told_of_with_what_tiles_of_it_differ(caplog):
    class Bright(nn.Module):
        scale = 2

        def forward(self, lr):
            everywhere = lr.mean((1, 2, 3), keepdim=True)
            return F.interpolate(0.5 * lr + 0.5 * everywhere, scale_factor=2)

    image = np.zeros((20, 500, 3), np.uint8)
    image[:, 250:] = 200
    upscale(Bright(), image, tile=32)
    assert "a cut changes the result by up to" in caplog.text
    assert "tiles differ by up to" in caplog.text
