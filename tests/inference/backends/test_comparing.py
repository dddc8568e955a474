"""A program is held against the network that it computes."""

import itertools
import math

import pytest
import torch
from torch import nn

from srcore.inference.backends.backend import BackendError
from srcore.inference.backends.comparing import (
    check_alike,
    decibels_apart,
    levels_apart,
    processor_seconds,
)


class Shifted(nn.Module):
    """Brighter by gray levels, from a column on."""

    def __init__(self, levels, first=0):
        super().__init__()
        self.levels, self.first, self.network = levels, first, nn.Identity()

    def forward(self, lr):
        lr = lr.clone()
        lr[..., self.first :] += self.levels / 255
        return lr


IMAGE = torch.full((1, 3, 12, 12), 0.5)


@pytest.mark.parametrize("levels", [0, 0.5, 3])
def test_the_largest_difference_is_told_in_gray_levels(levels):
    assert levels_apart(Shifted(levels), nn.Identity(), IMAGE) == pytest.approx(levels, abs=1e-4)
    assert levels_apart(Shifted(levels, 11), nn.Identity(), IMAGE) == pytest.approx(
        levels, abs=1e-4
    )


def test_what_no_image_shows_is_no_difference():
    assert levels_apart(Shifted(255), Shifted(600), torch.ones(1, 3, 4, 4)) == 0


def test_another_size_is_infinitely_far():
    assert levels_apart(nn.Upsample(scale_factor=2), nn.Identity(), IMAGE) == math.inf


@pytest.mark.parametrize("levels", [0, 0.99])
def test_a_program_that_is_near_enough_passes(levels):
    check_alike("own", Shifted(levels), IMAGE)


@pytest.mark.parametrize(("wrong", "first"), [(2, 0), (math.nan, 0), (2, 11)])
def test_one_that_is_not_is_refused_with_what_to_do(wrong, first):
    with pytest.raises(BackendError, match=r'backend="own": its result differs from PyTorch.s by'):
        check_alike("own", Shifted(wrong, first), IMAGE)


def test_another_size_of_images_is_tried_too():
    class Fixed(Shifted):
        def forward(self, lr):
            return super().forward(lr) if lr.shape[-1] < 12 else lr

    with pytest.raises(BackendError, match=r"by 9 gray levels on a part"):
        check_alike("own", Fixed(9), IMAGE)


def test_errors_of_all_images_make_one_psnr():
    images = (IMAGE, IMAGE)
    assert decibels_apart(nn.Identity(), nn.Identity(), images) == math.inf
    expected = -20 * math.log10(5 / 255)
    assert decibels_apart(Shifted(5), nn.Identity(), images) == pytest.approx(expected, abs=1e-3)


def test_the_first_run_does_not_count_and_the_faster_one_does():
    readings = itertools.accumulate([0, 50, 0, 9, 0, 4])
    assert processor_seconds(nn.Identity(), IMAGE, lambda: next(readings)) == 4
