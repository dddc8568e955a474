import numpy as np
import pytest

from srcore.errors import DataError
from srcore.prepare.degrading import OfflineDegradation
from srcore.transforms.resize import resize_uint8


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (26, 33, 3), dtype=np.uint8)


@pytest.mark.parametrize("dialect", ["matlab", "matlab_uint8", "opencv"])
def test_plain_copies_are_the_dialect(image, dialect):
    lr = OfflineDegradation(scale=4, dialect=dialect).apply(image, "a")
    expected = resize_uint8(image[:24, :32], size=(6, 8), dialect=dialect)
    np.testing.assert_array_equal(lr, expected)


def test_vanishing_noise_equals_no_noise(image):
    plain = OfflineDegradation(scale=2).apply(image, "a")
    noisy = OfflineDegradation(scale=2, noise=0.0).apply(image, "a")
    assert np.abs(plain.astype(int) - noisy).max() <= 1  # ties round differently


def test_noise_has_the_asked_deviation_and_depends_on_seed_and_name():
    flat = np.full((200, 200, 3), 128, np.uint8)
    noisy = OfflineDegradation(scale=2, noise=5.0).apply(flat, "a").astype(float)
    assert abs(noisy.std() - 5) < 0.1
    assert abs(noisy.mean() - 128) < 0.1
    again = OfflineDegradation(scale=2, noise=5.0).apply(flat, "a")
    np.testing.assert_array_equal(noisy, again)
    for other in (
        OfflineDegradation(scale=2, noise=5.0, seed=1).apply(flat, "a"),
        OfflineDegradation(scale=2, noise=5.0).apply(flat, "b"),
    ):
        assert not np.array_equal(noisy, other)


def test_blur_is_a_gaussian_of_the_asked_deviation():
    dot = np.zeros((41, 41, 1), np.uint16)
    dot[20, 20] = 65535
    blurred = OfflineDegradation(scale=1, blur=2.0).apply(dot, "a")[..., 0].astype(float)
    offsets = np.arange(-20, 21)
    weights = np.exp(-(offsets**2) / 8)
    expected = 65535 * np.outer(weights, weights) / weights.sum() ** 2
    np.testing.assert_allclose(blurred, expected, atol=60)


def test_jpeg_comes_last(image):
    strong = OfflineDegradation(scale=2, jpeg=10).apply(image, "a")
    weak = OfflineDegradation(scale=2, jpeg=100).apply(image, "a")
    plain = OfflineDegradation(scale=2).apply(image, "a").astype(int)
    assert np.abs(strong - plain).mean() > np.abs(weak - plain).mean() > 0


def test_what_cannot_be_degraded_is_named(image):
    with pytest.raises(DataError, match=r"a: JPEG holds 8 bits"):
        OfflineDegradation(scale=2, jpeg=50).apply(image.astype(np.uint16), "a")
    with pytest.raises(DataError, match="a: a side is smaller than scale = 32"):
        OfflineDegradation(scale=32).apply(image, "a")
