from pathlib import Path

import numpy as np
import pytest

from srcore.images import Metadata
from srcore.upscaling.fitting import Fitting

FULL = Metadata(icc_profile=bytes(16) + b"RGB ", exif=b"MM", dpi=(300, 300), others=("XMP",))


def test_nothing_is_done_that_is_not_asked_for():
    image = np.zeros((2, 3, 4), np.uint16)
    assert Fitting().apply(image) is image
    assert Fitting().metadata(FULL) is FULL


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 4])
def test_transparent_images_are_laid_on_the_background(dtype, channels):
    full = np.iinfo(dtype).max
    image = np.random.default_rng(0).integers(0, full, (5, 6, channels), dtype, endpoint=True)
    laid = Fitting(background=(255, 255, 255)).apply(image)
    assert laid.shape == (5, 6, channels - 1)
    alpha = image[..., -1:] / full
    np.testing.assert_allclose(laid, image[..., :-1] * alpha + full * (1 - alpha), atol=0.51)


def test_gray_becomes_color_on_a_color():
    laid = Fitting(background=(255, 0, 9)).apply(np.zeros((1, 1, 2), np.uint8))
    assert laid.tolist() == [[[255, 0, 9]]]


def test_16_bits_are_rounded_to_8():
    image = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    expected = np.floor(image / 257 + 0.5).astype(np.uint8)
    np.testing.assert_array_equal(Fitting(depth=8).apply(image), expected)


@pytest.mark.parametrize(
    ("suffix", "lost"),
    [
        (".png", ("XMP",)),
        (".webp", ("resolution (DPI)", "XMP")),
        (".bmp", ("color profile (ICC)", "EXIF data", "XMP")),
    ],
)
def test_what_a_format_does_not_hold_is_named(suffix, lost):
    image = np.zeros((2, 3, 3), np.uint8)
    assert Fitting().lost(image, FULL, Path(f"a{suffix}")) == lost
    assert Fitting(strip=True).lost(image, FULL, Path(f"a{suffix}")) == ()
    assert Fitting(strip=True).metadata(FULL) == Metadata()


def test_what_was_asked_for_is_named_too():
    fitting = Fitting(background=(0, 0, 0), depth=8)
    image = np.zeros((2, 3, 4), np.uint16)
    names = ("transparency, as asked", "16 bits, as asked")
    assert fitting.lost(image, Metadata(), Path("a.jpg")) == names
