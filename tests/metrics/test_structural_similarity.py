"""SSIM against the naive formula and against scikit-image."""

import numpy as np
import pytest
from skimage.metrics import structural_similarity

import srcore
from formulas import similarity as naive
from srcore import SrcoreError, build
from srcore.metrics.color import luma
from srcore.metrics.structural_similarity import STRIP

RANDOM = np.random.default_rng(0)


def pair(*shape):
    a = RANDOM.integers(0, 256, shape)
    b = np.clip(a + RANDOM.normal(0, 20, shape), 0, 255)
    return a.astype(np.uint8), b.astype(np.uint8)


@pytest.mark.parametrize("shape", [(11, 11), (13, 18)])
def test_gray_value_equals_the_naive_formula(shape):
    a, b = pair(*shape)
    assert srcore.metrics.ssim(a, b) == pytest.approx(naive.ssim(a, b), abs=1e-12)


def scikit_image(a, b, **settings):
    return structural_similarity(
        a, b, data_range=255, gaussian_weights=True, use_sample_covariance=False, **settings
    )


@pytest.mark.parametrize("rows", [20, STRIP + 10, STRIP + 11, 2 * STRIP + 25])
def test_values_equal_scikit_image_whatever_the_number_of_strips(rows):
    a, b = pair(rows, 33, 3)
    expected = scikit_image(a, b, channel_axis=2)
    assert srcore.metrics.ssim(a, b) == pytest.approx(expected, abs=1e-10)
    on_y = scikit_image(luma(a)[3:-3, 3:-3], luma(b)[3:-3, 3:-3])
    value = srcore.metrics.ssim(a, b, crop_border=3, y_channel=True)
    assert value == pytest.approx(on_y, abs=1e-10)


def test_equal_images_have_similarity_one():
    a, _ = pair(16, 16, 3)
    assert srcore.metrics.ssim(a, a) == pytest.approx(1, abs=1e-12)


def test_component_measures_y_and_removes_the_given_border():
    a, b = pair(24, 24, 3)
    metric = build("metric", "ssim")
    assert metric.higher_is_better
    assert metric(a, b, crop_border=4) == srcore.metrics.ssim(a, b, crop_border=4, y_channel=True)
    on_rgb = build("metric", "ssim", y_channel=False)
    assert on_rgb(a, b, crop_border=0) == srcore.metrics.ssim(a, b)


def test_images_smaller_than_the_window_are_refused():
    a, b = pair(18, 30, 3)
    with pytest.raises(
        SrcoreError, match="ssim needs 11 pixels per side; 22x10 are left after the crop of 4"
    ):
        srcore.metrics.ssim(a, b, crop_border=4)
