"""PSNR against the naive formula and against scikit-image."""

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

import srcore
from formulas import similarity as naive
from srcore import SrcoreError, build

RANDOM = np.random.default_rng(0)


def pair(*shape, kind=np.uint8):
    a, b = RANDOM.uniform(0, 255, (2, *shape))
    return a.astype(kind), b.astype(kind)


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("crop", [0, 3])
@pytest.mark.parametrize("on_y", [False, True])
def test_value_equals_the_naive_formula(on_y, crop, kind):
    a, b = pair(12, 17, 3, kind=kind)
    value = srcore.metrics.psnr(a, b, crop_border=crop, y_channel=on_y)
    assert value == pytest.approx(naive.psnr(a, b, crop, on_y), abs=1e-9)


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 1), (9, 11, 3), (4, 3, 3), (1, 4)])
def test_rgb_and_gray_values_equal_scikit_image(shape):
    a, b = pair(*shape)
    expected = peak_signal_noise_ratio(a, b, data_range=255)
    assert srcore.metrics.psnr(a, b) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("on_y", [False, True])
def test_equal_images_have_infinite_psnr(on_y):
    a, _ = pair(8, 8, 3)
    assert srcore.metrics.psnr(a, a.copy(), y_channel=on_y) == math.inf


def test_component_measures_y_and_removes_the_given_border():
    a, b = pair(20, 20, 3)
    metric = build("metric", "psnr")
    assert metric.higher_is_better
    assert metric(a, b, crop_border=4) == srcore.metrics.psnr(a, b, crop_border=4, y_channel=True)
    on_rgb = build("metric", "psnr", y_channel=False)
    assert on_rgb(a, b, crop_border=0) == srcore.metrics.psnr(a, b)


def images(*shape, kind=np.uint8):
    return np.zeros(shape, kind)


@pytest.mark.parametrize(
    ("a", "b", "settings", "message"),
    [
        (
            images(8, 8, 3),
            images(8, 9, 3),
            {},
            r"shapes \(8, 8, 3\) and \(8, 9, 3\); expected equa",
        ),
        (
            images(8, 8),
            images(8, 8),
            {"y_channel": True},
            r"y_channel needs RGB images \(H, W, 3\)",
        ),
        (images(8, 8), images(8, 8), {"crop_border": 4}, "crop_border = 4 leaves nothing of an im"),
        (images(8, 8), images(8, 8), {"crop_border": -1}, "crop_border is -1; expected 0 or more"),
        (
            images(8, 8, kind=np.uint16),
            images(8, 8, kind=np.uint16),
            {},
            "image has type uint16; expected uint8, or float on the 0..255 scale",
        ),
        (images(8), images(8), {}, r"image has shape \(8,\); expected \(H, W\) or \(H, W, C\)"),
    ],
)
def test_what_it_cannot_compare_is_refused(a, b, settings, message):
    with pytest.raises(SrcoreError, match=message):
        srcore.metrics.psnr(a, b, **settings)


def test_weights_of_y_of_the_edsr_program():
    a, b = pair(9, 8, 3)
    difference = (a.astype(float) - b) / 255  # as that program: images in [0, 1]
    weighted = difference @ np.array([65.738, 129.057, 25.064]) / 256
    expected = -10 * math.log10((weighted[2:-2, 2:-2] ** 2).mean())
    decibels = build("metric", "psnr", luma="edsr")(a, b, crop_border=2)
    assert decibels == pytest.approx(expected, abs=1e-9)
    assert decibels != build("metric", "psnr")(a, b, crop_border=2)
    assert decibels == pytest.approx(build("metric", "psnr")(a, b, crop_border=2), abs=0.01)


def test_that_of_the_efficiency_challenges_is_of_rgb_without_four_pixels():
    a, b = (np.random.default_rng(seed).integers(0, 256, (20, 24, 3)) for seed in (0, 1))
    a, b = a.astype(np.uint8), b.astype(np.uint8)
    metric = srcore.build("metric", "psnr_esr")
    assert (metric.higher_is_better, metric.default_crop_border) == (True, 4)
    squares = [
        (int(a[y, x, c]) - int(b[y, x, c])) ** 2
        for y in range(4, 16)
        for x in range(4, 20)
        for c in range(3)
    ]
    expected = 10 * math.log10(255**2 / (sum(squares) / len(squares)))
    assert metric(a, b, crop_border=4) == pytest.approx(expected)
