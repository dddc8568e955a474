import io
import itertools
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from srcore.errors import DataError
from srcore.images import Metadata, decode_header, decode_image, encode_image


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_files_are_what_opencv_reads(agrees, channels):
    content = encode_image(noise(17, 31, channels), ".avif")
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    code = cv2.COLOR_BGRA2RGBA if channels == 4 else cv2.COLOR_BGR2RGB
    image = cv2.cvtColor(by_opencv, code) if by_opencv.ndim == 3 else by_opencv[..., None]
    with Image.open(io.BytesIO(content)) as opened:  # older versions of Pillow know no gray
        shape = 17, 31, len(opened.getbands())
    agrees(content, np.ascontiguousarray(np.broadcast_to(image, shape)), channels)


@pytest.mark.parametrize("depth", [10, 12])
def test_more_than_8_bits_are_stretched_to_16(agrees, depth):
    largest = 2**depth - 1
    stored = np.random.default_rng(0).integers(0, largest + 1, (16, 24, 3)).astype(np.uint16)
    settings = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 100]
    _, content = cv2.imencode(".avif", stored, settings)
    decoded = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)[..., ::-1].astype(float)
    expected = np.floor(decoded * 65535 / largest + 0.5).astype(np.uint16)
    agrees(content.tobytes(), np.ascontiguousarray(expected), depth)


def test_profile_and_exif_survive():
    written = Metadata(icc_profile=b"profile!", exif=b"MM\0*\0\0\0\x08" + bytes(6))
    content = encode_image(noise(8, 9, 3), ".avif", metadata=written)
    assert decode_header(content, "x").metadata == written


def test_the_orientation_is_applied_once(agrees):
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(noise(16, 24, 3)).save(buffer, "AVIF", exif=exif)
    with Image.open(buffer) as image:
        stored = np.array(image)
    agrees(buffer.getvalue(), np.ascontiguousarray(np.rot90(stored, -1)), "turned")


def test_an_animation_is_its_first_picture():
    pictures = [Image.fromarray(np.full((16, 16, 3), level, np.uint8)) for level in (10, 200)]
    buffer = io.BytesIO()
    pictures[0].save(buffer, "AVIF", save_all=True, append_images=pictures[1:])
    assert decode_header(buffer.getvalue(), "x").frame_count == 2
    assert decode_image(buffer.getvalue(), "x").max() < 20


@pytest.mark.parametrize("kept", [40, 200, 0.5, 0.95])
def test_a_cut_file_is_named(kept, capfd):
    content = encode_image(noise(64, 64, 3), ".avif")
    end = kept if kept > 1 else int(len(content) * kept)
    with pytest.raises(DataError, match=r"^x: "):
        decode_image(content[:end], "x")


@pytest.mark.parametrize("depth", [8, 10])
def test_gray_stays_gray(depth):
    image = noise(16, 24, 1)
    if depth == 8:
        content = encode_image(image, ".avif", options={"quality": 100})
    else:
        settings = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 100]
        content = cv2.imencode(".avif", image.astype(np.uint16) * 4, settings)[1].tobytes()
    decoded = decode_image(content, "x")
    assert decoded.shape == decode_header(content, "x").shape
    with Image.open(io.BytesIO(content)) as opened:
        assert decoded.shape[2] == len(opened.getbands())
    levels = decoded if depth == 8 else decoded / 257
    assert abs(levels.astype(float) - image).max() <= 3


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_pixels_are_those_of_pillow(mode):
    buffer = io.BytesIO()
    Image.fromarray(noise(33, 47, 4)).convert(mode).save(buffer, "AVIF")
    with Image.open(buffer) as image:
        expected = np.asarray(image)
    decoded = decode_image(buffer.getvalue(), "x")
    assert decoded.flags.writeable
    np.testing.assert_array_equal(decoded.squeeze(), expected)


def test_an_older_pillow_is_named(monkeypatch):
    content = encode_image(noise(16, 24, 3), ".avif")
    monkeypatch.setattr("srcore.images.formats.avif.features.check", lambda name: False)
    with pytest.raises(DataError, match=r"^x: cannot be written as AVIF: needs Pillow 11\.3"):
        encode_image(noise(16, 24, 3), ".avif", "x")
    with pytest.raises(DataError, match=r"^x: AVIF needs Pillow 11\.3"):
        decode_image(content, "x")


def coded(image, depth=8):
    """An encoder's file."""
    if depth == 8:
        return encode_image(image, ".avif", options={"quality": 100})
    settings = [cv2.IMWRITE_AVIF_DEPTH, depth, cv2.IMWRITE_AVIF_QUALITY, 100]
    return cv2.imencode(".avif", image.astype(np.uint16) * 4, settings)[1].tobytes()


@pytest.mark.parametrize("depth", [8, 10])
def test_the_container_turns_and_cuts_the_picture(agrees, container, depth):
    content = coded(noise(32, 48, 3), depth)
    kind, data, held = container.primary_of(content)
    stored = decode_image(content, "x")
    box = (30, 20, 4, -6)
    choices = itertools.product((None, 0, 1, 2, 3), (None, 0, 1), (None, box))
    for angle, mirror, visible in choices:
        turned = [container.clap(*visible)] if visible else []
        turned += [] if angle is None else [container.irot(angle)]
        turned += [] if mirror is None else [container.imir(mirror)]
        made = container.file_of(b"avif", {1: (kind, data, [*held, *turned])})
        agrees(made, container.shown(stored, angle or 0, mirror, visible), (angle, mirror, visible))


@pytest.mark.parametrize("depth", [8, 10])
def test_grids_are_put_together(agrees, container, depth):
    files = [coded(np.roll(noise(64, 96, 3), it, axis=1), depth) for it in range(4)]
    tiles = {2 + number: container.primary_of(it) for number, it in enumerate(files)}
    images = [decode_image(it, "x") for it in files]
    whole = np.vstack([np.hstack(images[:2]), np.hstack(images[2:])])[:100, :170]
    shared = [it for it in tiles[2][2] if it[4:8] in (b"pixi", b"colr")]
    parts = [(b"dimg", 1, [2, 3, 4, 5])]
    for turned in ([], [container.irot(1)]):
        held = [container.size(170, 100), *shared, *turned]
        items = {1: (b"grid", container.grid(2, 2, 170, 100), held)} | {
            number: (*it, True) for number, it in tiles.items()
        }
        expected = container.shown(whole, len(turned))
        agrees(container.file_of(b"avif", items, 1, parts), expected, turned)


@pytest.mark.parametrize("depths", [(8, 10), (10, 8)])
def test_the_depth_is_that_of_the_primary_picture(agrees, container, depths):
    files = [coded(noise(16 * (number + 1), 48, 3), it) for number, it in enumerate(depths)]
    items = {number + 1: container.primary_of(it) for number, it in enumerate(files)}
    made = container.file_of(b"avif", items, 2, [(b"thmb", 1, [2])])
    agrees(made, decode_image(files[1], "x"), depths)


def test_the_container_says_how_a_picture_is_turned_and_not_its_exif(agrees, container):
    content = coded(noise(32, 48, 3))
    exif = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + bytes(4)
    items = {1: container.primary_of(content), 2: (b"Exif", bytes(4) + exif, [], True)}
    made = container.file_of(b"avif", items, 1, [(b"cdsc", 2, [1])])
    assert decode_header(made, "x").metadata.exif is not None
    agrees(made, decode_image(content, "x"), "EXIF")


@pytest.mark.parametrize(
    "visible", [(29, 20, 0, 0), (30, 20, 40, 0), (0, 20, 0, 0), (60, 20, 0, 0)]
)
def test_what_is_visible_is_whole_pixels_inside(container, visible):
    kind, data, held = container.primary_of(coded(noise(32, 48, 3)))
    made = container.file_of(b"avif", {1: (kind, data, [*held, container.clap(*visible)])})
    for function in (decode_header, decode_image):
        with pytest.raises(DataError, match=r"^x: AVIF of which parts of pixels are shown"):
            function(made, "x")
