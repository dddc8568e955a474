"""Options of written files: each does what it says, and is refused where it means nothing."""

import io

import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import decode_image, encode_image, unfit_options, writing_options


def picture(channels=3, height=40, width=50):
    """A slope with some noise."""
    rows, columns = np.mgrid[:height, :width]
    noise = np.random.default_rng(0).integers(0, 40, (height, width, channels))
    return (2 * rows[..., None] + 2 * columns[..., None] + noise).astype(np.uint8)


def encoded(suffix, channels=3, **options):
    return encode_image(picture(channels), suffix, options=options)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_jpeg_is_progressive_if_asked(channels):
    for wanted in (False, True):
        content = encoded(".jpg", channels, progressive=wanted)
        assert Image.open(io.BytesIO(content)).info.get("progressive", 0) == wanted


@pytest.mark.parametrize(
    ("subsampling", "sampling"), [("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))]
)
def test_colors_of_a_jpeg_have_the_resolution_that_was_asked_for(subsampling, sampling):
    with Image.open(io.BytesIO(encoded(".jpg", subsampling=subsampling))) as image:
        assert image.layer[0][1:3] == sampling
    assert encoded(".jpg", 1, subsampling=subsampling) == encoded(".jpg", 1)


def test_defaults_are_what_was_written_before_there_were_options():
    image = Image.fromarray(picture())
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    assert encoded(".jpg") == buffer.getvalue()
    assert encoded(".jpg", subsampling="4:2:0") == buffer.getvalue()


@pytest.mark.parametrize("suffix", [".webp", ".avif"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_lossless_files_hold_every_pixel(suffix, channels):
    if channels == 1:
        image = np.repeat(picture(1), 3, axis=-1)
        decoded = decode_image(encode_image(picture(1), suffix, options={"lossless": True}), "x")
        decoded = np.broadcast_to(decoded, image.shape)  # WebP knows no gray
    else:
        image = picture(channels)
        decoded = decode_image(encode_image(image, suffix, options={"lossless": True}), "x")
    np.testing.assert_array_equal(decoded, image)


def test_a_lossless_avif_keeps_its_metadata():
    from PIL import ImageCms

    from srcore.images import Metadata, decode_header

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0abc\0\0\0\0\0"
    content = encode_image(
        picture(), ".avif", options={"lossless": True}, metadata=Metadata(profile, exif=exif)
    )
    header = decode_header(content, "x")
    assert (header.metadata.icc_profile, header.metadata.exif) == (profile, exif)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_is_smaller_the_more_it_is_compressed(channels):
    contents = [encoded(".png", channels, compress_level=level) for level in (0, 9)]
    assert len(contents[0]) > picture(channels).size > len(contents[1])
    for content in contents:
        np.testing.assert_array_equal(decode_image(content, "x"), picture(channels))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("compression", "code"), [("none", 1), ("lzw", 5), ("deflate", 8)])
def test_tiff_is_packed_as_asked(compression, code, channels, dtype):
    import tifffile

    image = np.repeat(picture(channels), 20, axis=0).astype(dtype) * (
        257 if dtype().itemsize == 2 else 1
    )
    content = encode_image(image, ".tif", options={"compression": compression})
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        assert file.pages[0].compression == code
    np.testing.assert_array_equal(decode_image(content, "x"), image)


@pytest.mark.parametrize(
    ("suffix", "options", "message"),
    [
        (".jpg", {"lossless": True}, "x: lossless: not an option of JPEG, whose are: quality, "),
        (".bmp", {"quality": 9}, "x: quality: not an option of BMP, whose are: none"),
        (".jpg", {"quality": 0}, "x: quality: expected a number >= 1 and <= 100, found 0"),
        (".jpg", {"quality": "90"}, "x: quality: expected a whole number, found"),
        (".jpg", {"progressive": 1}, "x: progressive: expected true or false, found 1"),
        (".jpg", {"subsampling": "4:1:1"}, "x: subsampling: expected 4:4:4, 4:2:2, 4:2:0, found"),
        (".avif", {"lossless": True, "subsampling": "4:2:0"}, "lossless: not with subsampling"),
    ],
)
def test_what_a_format_does_not_take_is_refused(suffix, options, message):
    with pytest.raises(DataError, match=message):
        encode_image(picture(), suffix, "x", options=options)


def test_an_option_is_unfit_if_no_output_has_it():
    given = {"lossless": True, "progressive": True, "compress_level": 3}
    assert unfit_options([".jpg", ".png"], given) == [
        "--lossless: not an option of JPEG, PNG but of WebP, AVIF"
    ]
    assert unfit_options([".webp"], {"lossless": True}) == []
    contrary = {"lossless": True, "subsampling": "4:2:0"}
    assert unfit_options([".avif"], contrary) == ["AVIF: lossless: not with subsampling 4:2:0"]
    assert unfit_options([".webp", ".jpg"], contrary) == []


def test_options_of_one_name_are_of_one_kind():
    """The command line has each name once."""
    from srcore.images.format_options import _fields, _words_of_literal
    from srcore.images.formats import FORMATS

    for option in writing_options():
        fields = [field for it in FORMATS for field in _fields(it) if field.name == option.name]
        assert len({(str(f.type), f.default, f.metadata["srcore"]) for f in fields}) == 1
        assert all(_words_of_literal(field.type) == option.choices for field in fields)
