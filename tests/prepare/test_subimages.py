import numpy as np
import pytest

from formulas.crops import corners
from srcore.prepare.subimages import base_name, grid, sub_images


@pytest.mark.parametrize("threshold", [0, 3, 7])
def test_grid_follows_the_rule_on_both_axes(threshold):
    for height, width in ((8, 8), (9, 20), (15, 31), (7, 40), (40, 7)):
        expected = corners(height, width, 8, 5, threshold)
        assert grid(height, width, 8, 5, threshold) == expected


def test_every_pixel_is_in_a_sub_image_without_threshold():
    covered = np.zeros((57, 73), bool)
    for top, left in grid(57, 73, 24, 12):
        covered[top : top + 24, left : left + 24] = True
    assert covered.all()


def test_scale_tokens_leave_the_name():
    assert base_name("0001x4") == "0001"
    assert base_name("0001x5") == "0001x5"


def test_sub_images_are_numbered_row_by_row():
    image = np.arange(12 * 16).reshape(12, 16, 1)
    cuts = dict(sub_images(image, "ax2", 8, 8))
    assert list(cuts) == ["a_s001", "a_s002", "a_s003", "a_s004"]
    np.testing.assert_array_equal(cuts["a_s003"], image[4:12, :8])
