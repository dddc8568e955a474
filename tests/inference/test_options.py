"""How a network is run on an image: what the keywords take."""

import attrs
import numpy as np
import pytest

from srcore.inference.options import SMALLEST_TILE, UpscaleOptions
from srcore.options.declaration import declaration_of

CHECKS = {field.name: declaration_of(field).check for field in attrs.fields(UpscaleOptions)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tile", None),
        ("tile", "auto"),
        ("tile", SMALLEST_TILE),
        ("tile", np.int64(64)),
        ("overlap", 0),
        ("overlap", "auto"),
        ("border", np.uint8(3)),
        ("batch", 1),
    ],
)
def test_whole_numbers_of_numpy_and_words_are_taken(key, value):
    assert CHECKS[key](value) == ""


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("tile", SMALLEST_TILE - 1, "expected at least 16 pixels, found 15"),
        ("tile", "whole", "expected at least 16 pixels, found whole"),
        ("tile", 64.0, "expected at least 16 pixels, found 64.0"),
        ("overlap", None, "expected a number of pixels >= 0, found None"),
        ("overlap", -1, "expected a number of pixels >= 0, found -1"),
        ("border", "auto", "expected a number of pixels >= 0, found auto"),
        ("batch", 0, "expected at least 1, found 0"),
    ],
)
def test_all_else_is_told_with_what_is_expected(key, value, complaint):
    assert CHECKS[key](value) == complaint
