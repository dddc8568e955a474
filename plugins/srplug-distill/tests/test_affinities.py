"""Affinities against loops over positions, channels and images; gradients against differences."""

import math

import pytest
import torch
from srplug_distill.affinities import affinity, pooled

from srcore.testing import assert_close

KINDS = ("spatial", "channel", "instance")


@pytest.mark.parametrize("kind", KINDS)
def test_equals_loops_over_rows(features, naive_affinity, kind):
    maps = features(2, 3, 4, 5)
    assert_close(affinity(maps, kind), naive_affinity(maps, kind), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_differences(features, kind):
    maps = features(2, 3, 4, 3).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: affinity(x, kind, 2), maps)


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (4, 9)])
@pytest.mark.parametrize("grid", [1, 3, 4])
def test_larger_features_are_means_over_squares(features, naive_affinity, size, grid):
    maps = features(1, 2, *size)
    side = math.ceil(max(size) / grid)
    rows, columns = (range(0, length, side) for length in size)
    expected = [[maps[..., y : y + side, x : x + side].mean((2, 3)) for x in columns] for y in rows]
    expected = torch.stack([torch.stack(row, -1) for row in expected], -2)
    means = pooled(maps, grid)
    assert max(means.shape[-2:]) <= grid
    assert_close(means, expected, rtol=1e-12, atol=1e-12)
    assert_close(affinity(maps, "spatial", grid), naive_affinity(expected, "spatial"), rtol=1e-12)


@pytest.mark.parametrize("grid", [0, 8, 9])
def test_small_features_are_compared_as_they_are(features, grid):
    maps = features(1, 2, 8, 6)
    assert pooled(maps, grid) is maps


def test_length_and_number_of_channels_do_not_matter(features):
    maps = features(2, 3, 4, 4)
    wide = torch.cat([maps, maps], 1)
    assert_close(affinity(5 * maps, "spatial"), affinity(wide, "spatial"), rtol=1e-12)


def test_rows_of_zeros_have_finite_gradients():
    maps = torch.zeros(1, 2, 3, 3, requires_grad=True)
    matrix = affinity(maps, "spatial")
    matrix.sum().backward()
    assert torch.equal(matrix, torch.zeros(1, 9, 9))
    assert torch.isfinite(maps.grad).all()
