"""Pillow as we use it, in a program that others use it in."""

from PIL import Image

from srcore.images.pillow import _of_any_size


def test_the_limit_of_other_users_of_pillow_stays():
    before = Image.MAX_IMAGE_PIXELS
    assert before is not None
    with _of_any_size():
        with _of_any_size():
            assert Image.MAX_IMAGE_PIXELS is None
        assert Image.MAX_IMAGE_PIXELS is None
    assert before == Image.MAX_IMAGE_PIXELS
