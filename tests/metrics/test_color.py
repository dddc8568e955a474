"""BT.601 conversion."""

import numpy as np
import pytest

from srcore import SrcoreError
from srcore.metrics.color import luma, luma_difference, rgb_to_y, rgb_to_ycbcr, ycbcr_to_rgb

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("rgb", "ycbcr"),
    [
        ((0, 0, 0), (16, 128, 128)),
        ((255, 255, 255), (235, 128, 128)),
        ((255, 0, 0), (81, 90, 240)),
        ((0, 255, 0), (145, 54, 34)),
        ((0, 0, 255), (41, 240, 110)),
    ],
)
def test_corners_of_the_cube_are_those_of_the_standard(rgb, ycbcr):
    image = np.array([[rgb]], np.uint8)
    assert rgb_to_ycbcr(image).tolist() == [[list(ycbcr)]]
    assert rgb_to_y(image).tolist() == [[ycbcr[0]]]


def test_luma_is_not_rounded():
    image = RANDOM.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    expected = 16 + (image.astype(float) @ [65.481, 128.553, 24.966]) / 255
    np.testing.assert_allclose(luma(image), expected, rtol=0, atol=1e-12)


def test_luma_is_linear_up_to_its_offset():
    a, b = RANDOM.integers(0, 256, (2, 1, 7, 3)).astype(np.float64)
    np.testing.assert_allclose(luma_difference(a - b), luma(a) - luma(b), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_float_images_survive_the_way_there_and_back(kind):
    image = RANDOM.random((4, 5, 3)).astype(kind)
    back = ycbcr_to_rgb(rgb_to_ycbcr(image))
    assert back.dtype == kind
    np.testing.assert_allclose(back, image, rtol=0, atol=1e-6)


def test_uint8_back_is_within_one_gray_level_and_clipped():
    image = RANDOM.integers(0, 256, (16, 16, 3)).astype(np.uint8)
    back = ycbcr_to_rgb(rgb_to_ycbcr(image))
    assert back.dtype == np.uint8
    assert np.abs(back.astype(int) - image).max() <= 2
    assert ycbcr_to_rgb(np.full((1, 1, 3), 255, np.uint8)).max() == 255


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4)), r"image has shape \(4, 4\); expected \(H, W, 3\)"),
        (np.zeros((4, 4, 3), np.int64), "image has type int64; expected uint8, or float in"),
    ],
)
def test_unsuitable_images_are_refused(image, message):
    with pytest.raises(SrcoreError, match=message):
        rgb_to_ycbcr(image)
