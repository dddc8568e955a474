"""Rows of tiles that are faded into each other, against the whole image."""

import numpy as np
import pytest
import torch
from torch import nn

from srcore.inference.beside import Beside
from srcore.inference.border import Continued
from srcore.inference.by_tiles import tiled
from srcore.inference.channels import split_channels
from srcore.inference.windowed_network import WindowedNetwork


class Nearest(nn.Module):
    """Repeats pixels and adds a field, if there is one; remembers the sizes that it saw."""

    scale = 2

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, lr, noise=None):
        self.seen.append(tuple(lr.shape))
        lr = lr if noise is None else lr + noise
        return lr.repeat_interleave(2, -1).repeat_interleave(2, -2)


class ByPlace(Nearest):
    """Its result depends on where a tile begins."""

    def forward(self, lr):
        return super().forward(lr) * 0 + (len(self.seen) % 2) / 2


IMAGE = np.random.default_rng(0).integers(0, 256, (40, 52, 3), np.uint8)


def enlarged(network, tile, overlap, batch=1, extra=None):
    windowed = WindowedNetwork(network, "float32", batch, lambda tile: overlap)
    bands = list(tiled(windowed, Continued(IMAGE), tile, extra or Beside()))
    return torch.cat(bands, dim=1), [band.shape[1] for band in bands]


def whole(image=IMAGE):
    lr = split_channels(image, torch.device("cpu"), 3)
    return Nearest()(lr)[0]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("tile", "overlap"), [(16, 0), (16, 3), (24, 8), (64, 8)])
def test_weights_add_up_so_that_tiles_make_the_whole(tile, overlap, batch):
    made, heights = enlarged(Nearest(), tile, overlap, batch)
    torch.testing.assert_close(made, whole(), rtol=0, atol=1e-6)
    assert sum(heights) == 2 * len(IMAGE)


def test_an_image_that_fits_is_seen_once():
    network = Nearest()
    _, heights = enlarged(network, 52, 8)
    assert network.seen == [(1, 3, 40, 52)]
    assert heights == [80]


def test_tiles_of_equal_width_go_together_as_many_as_was_said():
    network = Nearest()
    enlarged(network, 16, 2, batch=3)
    assert {shape[0] for shape in network.seen} <= {1, 2, 3}
    assert max(shape[0] for shape in network.seen) == 3
    assert max(max(shape[2:]) for shape in network.seen) == 16 + 2 * 2


def test_fields_are_cut_as_the_image_is():
    noise = torch.rand(1, 3, 40, 52) / 2
    image = IMAGE // 2
    lr = split_channels(image, torch.device("cpu"), 3)
    expected = Nearest()(lr, noise)[0]
    windowed = WindowedNetwork(Nearest(), "float32", 2, lambda tile: 4)
    bands = tiled(windowed, Continued(image), 16, Beside({"noise": noise}))
    torch.testing.assert_close(torch.cat(list(bands), dim=1), expected, rtol=0, atol=1e-6)


def test_tiles_that_do_not_agree_are_told_of(caplog):
    enlarged(Nearest(), 16, 4)
    assert not caplog.records
    enlarged(ByPlace(), 16, 4)
    (record,) = caplog.records
    assert "ByPlace" in record.getMessage()
