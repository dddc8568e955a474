"""Which picture of a TIFF is read: the full one, where a file begins with a copy of it."""

import io
import struct

import numpy as np
import pytest
import tifffile

from srcore.errors import DataError
from srcore.images import (
    decode_header,
    decode_image,
    read_header,
    read_image,
    read_series,
    verify_image,
)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


FULL = noise(20, 30)
SMALL = np.ascontiguousarray(FULL[::4, ::4])


def written(*pages, big=False):
    """A file of pages (image, settings)."""
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, bigtiff=big) as writer:
        for image, settings in pages:
            writer.write(image, **{"photometric": "rgb", "metadata": None} | settings)
    return buffer.getvalue()


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("pages", "count"),
    [
        ([(SMALL, {"subfiletype": 1}), (FULL, {})], 1),
        ([(SMALL, {"subfiletype": 1}), (FULL, {}), (noise(9, 9, 1), {})], 2),
        ([(FULL, {}), (SMALL, {"subfiletype": 1})], 1),
        ([(SMALL, {"subfiletype": 1, "subifds": 1}), (FULL, {})], 1),  # as cameras write it
        ([(FULL, {"subifds": 2}), (SMALL, {"subfiletype": 1}), (SMALL, {"subfiletype": 1})], 1),
        ([(FULL, {"subfiletype": 2}), (noise(9, 9, 1), {"subfiletype": 2})], 2),  # pages by name
    ],
)
def test_the_full_picture_is_read(agrees, tmp_path, pages, count, big):
    content = written(*pages, big=big)
    agrees(content, FULL, count)
    assert decode_header(content, "x").frame_count == count
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    series = read_series(path)
    read = [FULL] if series is None else [it.image for it in series.pictures]
    assert len(read) == count
    np.testing.assert_array_equal(read[0], FULL)


def test_a_copy_alone_is_read(agrees):
    agrees(written((SMALL, {"subfiletype": 1})), SMALL, "a copy")


def test_a_picture_below_its_copy_is_turned_as_that(agrees):
    tags = [(274, "H", 1, 6, True), (271, "s", 0, "maker", True)]
    content = written((SMALL, {"subfiletype": 1, "subifds": 1, "extratags": tags}), (FULL, {}))
    agrees(content, np.ascontiguousarray(np.rot90(FULL, -1)), "turned")
    assert b"maker" in decode_header(content, "x").metadata.exif


def test_the_older_field_says_so_too(agrees):
    content = written((SMALL, {"extratags": [(255, "H", 1, 2, True)]}), (FULL, {}))
    agrees(content, FULL, "OldSubfileType")


def test_a_raw_picture_is_named_instead_of_its_copy():
    mosaic = {"photometric": 32803, "extratags": [(33421, "H", 2, (2, 2), True)]}
    content = written((SMALL, {"subfiletype": 1, "subifds": 1}), (FULL[..., 0], mosaic))
    with pytest.raises(DataError, match=r"^x: TIFF with raw pixels"):
        decode_image(content, "x")


def test_masks_are_no_pages_and_named():
    mask = FULL[..., 0] > 128
    content = written((FULL, {}), (mask, {"photometric": "mask", "subfiletype": 4}))
    header = decode_header(content, "x")
    assert header.frame_count == 1
    assert header.metadata.others == ("transparency masks",)
    np.testing.assert_array_equal(decode_image(content, "x"), FULL)


def test_a_directory_that_leads_to_itself_ends():
    content = bytearray(written((FULL, {})))
    (place,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, place)
    struct.pack_into("<I", content, place + 2 + 12 * count, place)
    assert decode_header(bytes(content), "x").frame_count == 1


def places_of(content):
    """Of all directories of the chain, and those below the first."""
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        chain = [page.offset for page in file.pages]
        below = [page.offset for page in file.pages[0].pages or ()]
    return chain, below


def test_a_cut_file_is_not_read_by_its_copy():
    below = written((SMALL, {"subfiletype": 1, "subifds": 1}), (FULL, {}))
    beside = written((SMALL, {"subfiletype": 1}), (FULL, {}))
    for content, place in ((below, places_of(below)[1][0]), (beside, places_of(beside)[0][1])):
        with pytest.raises(DataError, match=r"^x: the image is (damaged or )?truncated"):
            decode_image(content[: place + 20], "x")


def test_pages_that_are_cut_off_are_named(tmp_path):
    content = written((FULL, {}), (FULL, {}), (FULL, {}))
    path = tmp_path / "a.tif"
    for end in (places_of(content)[0][2] + 20, len(content) - 9):
        path.write_bytes(content[:end])
        np.testing.assert_array_equal(read_image(path), FULL)
        with pytest.raises(DataError, match=r"a\.tif: the image is (damaged or )?truncated"):
            list(read_series(path).pictures)
        with pytest.raises(DataError, match=r"a\.tif: the image is (damaged or )?truncated"):
            verify_image(path)
    path.write_bytes(content[: places_of(content)[0][2] + 20])
    assert read_header(path).metadata.others == ("further pages, which are damaged",)
