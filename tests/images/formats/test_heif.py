import io
import itertools
import sys

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import decode_header, decode_image, is_image_name, read_image
from srcore.images.metadata import Metadata

pillow_heif = pytest.importorskip("pillow_heif")


def _heif(image, mode, **settings):
    """A lossless file, without conversion of colors."""
    height, width = image.shape[:2]
    picture = pillow_heif.from_bytes(mode, (width, height), image.tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, quality=-1, matrix_coefficients=0, chroma=444, **settings)
    return buffer.getvalue()


def _noise(*shape, bits=8):
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(0).integers(0, 2**bits, shape, dtype)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3), ("RGBA", 4)])
def test_eight_bits_are_read_as_they_are(mode, channels):
    image = _noise(33, 41, channels)
    data = _heif(image, mode)
    np.testing.assert_array_equal(decode_image(data, "a.heic"), image)
    header = decode_header(data, "a.heic")
    assert (header.shape, header.dtype) == (image.shape, image.dtype)


def test_ten_bits_fill_the_range_of_sixteen():
    levels = _noise(33, 41, 3, bits=10)
    levels[0, 0], levels[0, 1] = 0, 1023
    image = decode_image(_heif(levels << 6, "RGB;16"), "a.heic")
    expected = np.round(levels * (65535 / 1023)).astype(np.uint16)
    np.testing.assert_array_equal(image, expected)


def test_the_container_turns_the_picture_once():
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Phone"
    data = _heif(_noise(32, 48, 3), "RGB", exif=exif.tobytes())
    header = decode_header(data, "a.heic")
    assert header.shape == decode_image(data, "a.heic").shape == (48, 32, 3)
    assert b"Phone" in header.metadata.exif


@pytest.mark.parametrize("length", [20, 100, 300, -40])
def test_cut_files_are_named_in_one_line(length):
    with pytest.raises(DataError, match=r"^a\.heic: [^\n]*$"):
        decode_image(_heif(_noise(64, 64, 3), "RGB")[:length], "a.heic")


def test_files_of_phones_are_images_by_name(tmp_path):
    assert is_image_name(tmp_path / "IMG_0001.HEIC")


def test_without_the_package_the_message_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.heic").write_bytes(_heif(_noise(32, 32, 3), "RGB"))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    message = r"a\.heic: HEIC and HEIF need an optional package: pip install 'srcore\[heif\]'"
    with pytest.raises(DataError, match=message):
        read_image(tmp_path / "a.heic")


def test_metadata_defaults_are_empty():
    assert decode_header(_heif(_noise(32, 32, 3), "RGB"), "a").metadata == Metadata()


def test_other_pictures_of_a_file_are_named():
    images = [_noise(16, 24, 3), _noise(16, 24, 3) // 2]
    file = pillow_heif.from_bytes("RGB", (24, 16), images[0].tobytes())
    buffer = io.BytesIO()
    file.save(buffer, quality=-1)
    assert decode_header(buffer.getvalue(), "a.heic").metadata.others == ()
    file.add_frombytes("RGB", (24, 16), images[1].tobytes())
    file.save(buffer, quality=-1)
    assert decode_header(buffer.getvalue(), "a.heic").metadata.others == ("further pictures",)


def test_deep_gray_is_read():
    stored = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    buffer = io.BytesIO()
    made = pillow_heif.from_bytes(mode="I;16", size=(64, 64), data=stored.tobytes())
    made.save(buffer, quality=-1)
    decoded = decode_image(buffer.getvalue(), "x")
    assert (decoded.shape, decoded.dtype) == ((64, 64, 1), np.uint16)
    assert abs(decoded[..., 0].astype(int) - stored).max() <= 70  # it holds 10 bits


def test_pixels_are_our_own():
    content = _heif(_noise(64, 64, 3), "RGB")
    first, second = (decode_image(content, "x") for _ in range(2))
    before = second.copy()
    first[:] = 7
    np.testing.assert_array_equal(second, before)
    assert (first == 7).all()


def test_the_container_turns_and_cuts_the_picture(agrees, container):
    stored = _noise(64, 128, 3)
    kind, data, held = container.primary_of(_heif(stored, "RGB"))
    choices = itertools.product((None, 0, 1, 2, 3), (None, 0, 1), (None, (60, 40, 4, -6)))
    for angle, mirror, visible in choices:
        turned = [container.clap(*visible)] if visible else []
        turned += [] if angle is None else [container.irot(angle)]
        turned += [] if mirror is None else [container.imir(mirror)]
        made = container.file_of(b"heic", {1: (kind, data, [*held, *turned])})
        agrees(made, container.shown(stored, angle or 0, mirror, visible), (angle, mirror, visible))


@pytest.mark.parametrize("angle", [0, 1])
def test_grids_as_phones_write_them_are_put_together(agrees, container, angle):
    images = [np.ascontiguousarray(np.roll(_noise(64, 128, 3), it, axis=1)) for it in range(4)]
    items = {1: (b"grid", container.grid(2, 2, 210, 100), [container.size(210, 100)])}
    items[1][2].append(container.irot(angle))
    for number, image in enumerate(images):
        items[2 + number] = (*container.primary_of(_heif(image, "RGB")), True)
    made = container.file_of(b"heic", items, 1, [(b"dimg", 1, [2, 3, 4, 5])])
    whole = np.vstack([np.hstack(images[:2]), np.hstack(images[2:])])[:100, :210]
    agrees(made, container.shown(whole, angle), "grid")
    assert decode_header(made, "x").metadata.others == ()


def test_the_primary_picture_is_read_wherever_it_lies(agrees, container):
    images = [_noise(64, 64, 3), _noise(64, 128, 3)]
    items = {it + 1: container.primary_of(_heif(images[it], "RGB")) for it in range(2)}
    agrees(container.file_of(b"heic", items, 2), images[1], "second")
