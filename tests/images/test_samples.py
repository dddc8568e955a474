"""Arithmetic of stored samples, against its plain formulation."""

from fractions import Fraction

import numpy as np
import pytest

from srcore.images.samples import (
    bands,
    divided_by_alpha,
    looked_up,
    stretched,
    summed,
    unpacked,
    without_ink,
)


def noise(*shape, dtype=np.uint8, below=None):
    limit = below or int(np.iinfo(dtype).max) + 1
    return np.random.default_rng(0).integers(0, limit, shape).astype(dtype)


@pytest.mark.parametrize(("rows", "width"), [(0, 5), (1, 5), (7, 2**19), (3, 2**21), (4, 0)])
def test_bands_cut_rows_without_gaps(rows, width):
    parts = list(bands(rows, width))
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(rows))
    assert all((part.stop - part.start) * width <= max(2**20, width) for part in parts)


@pytest.mark.parametrize("largest", [1, 3, 15, 100, 255, 256, 1023, 4095, 65535])
def test_samples_are_stretched_to_the_nearest(largest):
    samples = np.arange(largest + 1, dtype=np.uint16).reshape(1, -1, 1)
    made = stretched(samples, largest)
    full = 255 if largest <= 255 else 65535
    assert made.dtype == (np.uint8 if full == 255 else np.uint16)
    expected = [
        int(Fraction(value * full, largest) + Fraction(1, 2)) for value in range(largest + 1)
    ]
    assert made.ravel().tolist() == expected


def test_a_sample_beyond_the_largest_is_refused():
    with pytest.raises(ValueError, match="a sample is larger than 3, the largest that it names"):
        stretched(np.array([[4]], np.uint8), 3)


def test_colors_are_looked_up():
    table, indices = noise(7, 3), noise(5, 6, below=7)
    np.testing.assert_array_equal(looked_up(table, indices), table[indices])


@pytest.mark.parametrize("bits", range(1, 17))
def test_bits_are_unpacked_most_significant_first(bits):
    rows = noise(3, 11)
    made = unpacked(rows, bits)
    assert made.shape == (3, 88 // bits)
    for row, values in zip(rows, made, strict=True):
        digits = "".join(f"{byte:08b}" for byte in row)
        wanted = [int(digits[i * bits : (i + 1) * bits], 2) for i in range(88 // bits)]
        assert values.tolist() == wanted


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_inks_take_from_white(dtype):
    full = int(np.iinfo(dtype).max)
    corners = np.array([[[0, 0, 0, 0], [full, 0, 0, 0], [0, 0, 0, full]]], dtype)
    expected = [[full] * 3, [0, full, full], [0] * 3]
    assert without_ink(corners)[0].tolist() == expected
    inks = noise(4, 5, 4, dtype=dtype)
    left = full - inks.astype(object)
    products = [
        [int(Fraction(int(c * k), full) + Fraction(1, 2)) for c in pixel[:3]]
        for pixel in left.reshape(-1, 4)
        for k in [pixel[3]]
    ]
    assert without_ink(inks).reshape(-1, 3).tolist() == products


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colors_of_transparent_pixels_come_back(dtype):
    full = int(np.iinfo(dtype).max)
    image = noise(4, 5, 2, dtype=dtype)
    image[0, 0] = (7, 0)  # nothing is known of it
    image[0, 1] = (9, full)
    expected = [
        min(full, int(Fraction(int(color) * full, int(alpha)) + Fraction(1, 2))) if alpha else 0
        for color, alpha in image.reshape(-1, 2)
    ]
    alphas = image[..., 1].copy()
    made = divided_by_alpha(image)
    assert made is image
    assert made[..., 0].ravel().tolist() == expected
    assert made[0, :2, 0].tolist() == [0, 9]
    np.testing.assert_array_equal(made[..., 1], alphas)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("height", "width", "channels"), [(1, 1, 1), (33, 7, 3), (64, 20, 4)])
def test_differences_are_summed_and_wrap_around(dtype, height, width, channels):
    rows = noise(height, width * channels, dtype=dtype)
    whole = rows.reshape(height, width, channels).cumsum(1, dtype=dtype)
    np.testing.assert_array_equal(summed(rows, channels), whole.reshape(rows.shape))
