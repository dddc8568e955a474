import numpy as np
import pytest

from srcore.images import Origin, encode_image, origin_of, read_image, with_origin


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif", ".bmp"])
@pytest.mark.parametrize("size", [8, 400])
def test_an_image_says_what_it_was_made_from_and_stays_as_it_is(tmp_path, suffix, size):
    source = tmp_path / "größe (1) \udcff.raw"
    source.write_bytes(b"x" * 200_000)
    origin = Origin.of(source)
    image = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    content = encode_image(image, suffix)
    marked = tmp_path / f"marked{suffix}"
    marked.write_bytes(with_origin(content, origin))
    assert origin_of(marked) == origin
    plain = tmp_path / f"plain{suffix}"
    plain.write_bytes(content)
    assert origin_of(plain) is None
    np.testing.assert_array_equal(read_image(marked), read_image(plain))


def test_files_are_told_apart_by_size_beginning_and_end(tmp_path):
    contents = [b"a" * 70_000, b"a" * 70_001, b"b" + b"a" * 69_999, b"a" * 69_999 + b"b", b""]
    digests = set()
    for content in contents:
        (tmp_path / "file").write_bytes(content)
        digests.add(Origin.of(tmp_path / "file").digest)
    assert len(digests) == len(contents)
