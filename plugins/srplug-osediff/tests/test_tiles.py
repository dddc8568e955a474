"""Tiles against loops; seams."""

import pytest
import torch
import torch.nn.functional as F
from srplug_osediff.tiles import by_tiles

from srcore.testing import assert_close


def test_what_fits_is_computed_whole():
    seen = []

    def watched(latents):
        seen.append(tuple(latents.shape))
        return latents

    latents = torch.rand(2, 4, 16, 12)
    assert by_tiles(watched, latents, 16) is latents
    assert by_tiles(watched, latents, 0) is latents
    assert seen == [(2, 4, 16, 12)] * 2


@pytest.mark.parametrize("size", [(40, 24), (17, 16), (16, 33), (9, 50)])
def test_a_function_of_single_positions_has_no_seams(size):
    latents = torch.rand(1, 4, *size, dtype=torch.float64)
    assert_close(by_tiles(torch.sin, latents, 16), latents.sin(), rtol=1e-12, atol=1e-12)


def test_overlapping_results_are_averaged_by_ramps():
    latents = torch.zeros(1, 1, 1, 28)
    numbers = iter((1.0, 3.0))
    made = by_tiles(lambda tile: torch.full_like(tile, next(numbers)), latents, 16)
    weights = [min(1, (i + 1) / 5, (16 - i) / 5) for i in range(16)]
    expected = torch.zeros(28)
    for place in range(28):
        first = weights[place] if place < 16 else 0
        second = weights[place - 12] if place >= 12 else 0
        expected[place] = (first * 1 + second * 3) / (first + second)
    assert_close(made.flatten(), expected, rtol=1e-6, atol=1e-6)
    assert made.diff().max() < 0.5


def test_what_looks_less_far_than_tiles_overlap_is_nearly_the_whole():
    torch.manual_seed(0)
    kernel, latents = torch.randn(4, 4, 3, 3, dtype=torch.float64), torch.rand(1, 4, 40, 40)

    def conv(tile):
        return F.conv2d(tile, kernel, padding=1)

    whole, tiled = (by_tiles(conv, latents.double(), tile) for tile in (0, 16))
    inner = (whole - tiled).abs()
    assert inner.max() < 0.25 * whole.std() * 4
    assert inner.median() == pytest.approx(0, abs=1e-12)
