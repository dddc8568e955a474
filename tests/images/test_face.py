"""The names of srcore.images."""

import subprocess
import sys

import pytest

import srcore.images


def test_every_public_name_is_there():
    for name in srcore.images.__all__:
        assert getattr(srcore.images, name) is not None


def test_unknown_names_are_no_attributes():
    with pytest.raises(AttributeError, match='no attribute "decode_sound"'):
        srcore.images.decode_sound  # noqa: B018 - the access is what is tested


def test_listing_needs_no_decoder_and_reading_no_torch():
    code = (
        "import sys; from srcore.images import list_images; "
        "assert not {'cv2', 'PIL', 'torch'} & sys.modules.keys(); "
        "from srcore.images import read_image, write_image; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
