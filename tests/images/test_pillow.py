"""Pillow as we use it, in a program that others use it in."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from srcore.images.pillow import open_in_pillow


@pytest.fixture
def picture():
    """A way to open a picture, as each of many threads does."""
    content = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(content, "GIF")
    return lambda: open_in_pillow(io.BytesIO(content.getvalue()), "GIF", "x.gif")


def test_limit_and_warnings_of_other_users_of_pillow_stay_in_every_order(picture):
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    assert before[0] is not None
    first, second = picture(), picture()
    first.__enter__()
    second.__enter__()
    # Readers are threads: the first to begin is not the last to end.
    first.__exit__(None, None, None)
    assert Image.MAX_IMAGE_PIXELS is None
    assert warnings.filters[0][:3] == ("ignore", None, UserWarning)
    second.__exit__(None, None, None)
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before
