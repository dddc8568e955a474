"""NIQE: parts against naive formulas, the published model, what it cannot measure."""

import math

import numpy as np
import pytest
from skimage import data

from srcore import SrcoreError, build
from srcore.metrics.niqe import _fit_gaussian, _normalized_plane, niqe, published_model


def test_published_model_has_36_features_and_its_notice():
    model = published_model()
    assert model.mean.shape == (36,)
    np.testing.assert_allclose(model.covariance, model.covariance.T)


def test_noise_and_blur_raise_the_score():
    image = data.astronaut()[:288, :288]
    noise = np.random.default_rng(0).normal(0, 40, image.shape)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    blurred = image.astype(float)
    for axis in (0, 1):
        blurred = sum(np.roll(blurred, shift, axis) for shift in range(-3, 4)) / 7
    clean = niqe(image)
    assert clean < niqe(noisy)
    assert clean < niqe(blurred)


def test_generalized_gaussian_is_recovered():
    generator = np.random.default_rng(0)
    # Shape 2 is normal; the left side is twice as wide and therefore has twice the mass.
    size = np.abs(generator.normal(0, 1, (1, 300, 300)))
    alpha, left, right = _fit_gaussian(
        np.where(generator.random(size.shape) < 2 / 3, -2 * size, size)
    )
    # For shape 2, width = deviation * sqrt(Gamma(1/2) / Gamma(3/2)) = deviation * sqrt(2).
    assert alpha[0] == pytest.approx(2, abs=0.1)
    assert left[0] == pytest.approx(2 * math.sqrt(2), rel=0.03)
    assert right[0] == pytest.approx(math.sqrt(2), rel=0.03)


def test_normalization_equals_a_loop_over_windows():
    plane = np.random.default_rng(0).uniform(0, 255, (9, 8))
    line = np.array([math.exp(-((i - 3) ** 2) / (2 * (7 / 6) ** 2)) for i in range(7)])
    window = np.outer(line, line) / line.sum() ** 2
    padded = np.pad(plane, 3, mode="edge")
    expected = np.empty_like(plane)
    for y, x in np.ndindex(plane.shape):
        patch = padded[y : y + 7, x : x + 7]
        mean = (window * patch).sum()
        deviation = math.sqrt((window * (patch - mean) ** 2).sum())
        expected[y, x] = (plane[y, x] - mean) / (deviation + 1)
    np.testing.assert_allclose(_normalized_plane(plane), expected, atol=1e-9)


def test_component_looks_at_sr_only_and_removes_the_border():
    image = data.astronaut()[:200, :200]
    metric = build("metric", "niqe")
    assert not metric.higher_is_better
    assert metric(image, None, crop_border=4) == niqe(image[4:-4, 4:-4])
    bilinear = build("metric", "niqe", halving="bilinear")
    assert bilinear(image, None, crop_border=0) == niqe(image, halving="bilinear")


def test_images_below_two_blocks_are_refused():
    with pytest.raises(SrcoreError, match="at least two blocks of 96x96 pixels; found 150x100"):
        niqe(np.zeros((100, 150, 3), np.uint8))


def test_flat_images_are_refused():
    with pytest.raises(SrcoreError, match="less than two blocks of the image have any texture"):
        niqe(np.full((192, 192, 3), 100, np.uint8))
