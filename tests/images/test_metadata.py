"""What a file says besides its pixels, and what of it is lost."""

import pytest

from srcore.images.exif import upright_exif
from srcore.images.metadata import NAMES, Metadata, fits_channels


def profile(space):
    return bytes(16) + space + bytes(108)


FULL = Metadata(
    icc_profile=profile(b"RGB "),
    png_color=((b"gAMA", b"abcd"),),
    exif=b"II*\0\x08\0\0\0\0\0\0\0\0\0",
    dpi=(72.0, 72.0),
    others=("XMP",),
)


def test_only_fields_that_are_kept_are_left():
    assert FULL.within(frozenset({"dpi"})) == Metadata(dpi=(72.0, 72.0))
    assert FULL.within(frozenset({*NAMES, "others"})) == FULL


def test_what_is_lost_is_named_and_what_is_never_kept_too():
    assert FULL.lost(frozenset()) == (*NAMES.values(), "XMP")
    assert FULL.lost(frozenset(NAMES)) == ("XMP",)
    assert Metadata().lost(frozenset()) == ()


@pytest.mark.parametrize(
    ("space", "channels", "fits"),
    [
        (b"RGB ", 3, True),
        (b"RGB ", 4, True),
        (b"RGB ", 1, False),
        (b"GRAY", 1, True),
        (b"GRAY", 2, True),
        (b"GRAY", 3, False),
        (b"CMYK", 3, False),
    ],
)
def test_a_profile_of_other_colors_does_not_stay(space, channels, fits):
    assert fits_channels(profile(space), channels) is fits
    kept = Metadata(icc_profile=profile(space), others=("XMP",)).for_channels(channels)
    if fits:
        assert kept.icc_profile == profile(space)
    else:
        assert kept == Metadata(others=("XMP", "color profile of other colors"))


def test_exif_data_say_the_size_of_pixels_that_were_turned_upright():
    assert FULL.for_size(5, 7).exif == upright_exif(FULL.exif, 5, 7)
    assert Metadata().for_size(5, 7) == Metadata()
