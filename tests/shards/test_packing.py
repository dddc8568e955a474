"""What is packed is what was there, and the index tells it."""

import hashlib
import tarfile
import zlib

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import write_image
from srcore.shards import packing
from srcore.shards.index_file import read_index
from srcore.shards.indexing import index_of
from srcore.shards.members import members_of
from srcore.shards.packing import Sample, write_shard


@pytest.fixture
def samples(tmp_path):
    """A pair, a long name, one that is no ASCII, and a file that is no image."""
    paths = []
    for name in ("a.png", "ax4.JPG", "b.webp", "c.png", "d.png"):
        paths.append(tmp_path / name)
        write_image(paths[-1], np.full((8, 9, 3), len(paths), np.uint8))
    paths[4].write_bytes(b"no image")
    return [
        Sample("a", (("hr", paths[0]), ("lr", paths[1]))),
        Sample("deep/" * 30 + "b", (("", paths[2]),)),
        Sample("d", (("", paths[4]),)),
        Sample("ä\udcff", (("", paths[3]),)),
    ]


def test_files_are_copied_as_they_are_and_found_where_the_index_says(samples, tmp_path):
    shard = tmp_path / "shards/s.tar"
    (line,) = write_shard(shard, samples)
    assert line.endswith("d.png: not an image (or of an unknown format)")
    index, content = read_index(shard.with_suffix(".index")), shard.read_bytes()
    assert index.facts.fields == {"": 2, "hr": 1, "lr": 1}
    assert index.facts.sha256 == hashlib.sha256(content).hexdigest()
    files = {(it.key, field): path.read_bytes() for it in samples for field, path in it.files}
    for number, field in enumerate(("", "", "hr", "lr")):
        offset, size = index.place(number)
        stored = content[offset : offset + size]
        assert stored == files[index.key(number), field]
        assert index.column("crc")[number] == zlib.crc32(stored)
    assert index_of(shard).facts == index.facts
    with tarfile.open(shard) as archive:
        assert archive.getnames()[:2] == ["a.hr.png", "a.lr.JPG"]


def test_the_index_equals_one_that_is_made_from_the_shard(samples, tmp_path):
    shard = tmp_path / "s.tar"
    write_shard(shard, samples)
    walked = {(it.key, it.field, it.offset, it.size, it.header) for it in members_of(shard)}
    index = read_index(shard.with_suffix(".index"))
    assert walked == {
        (index.key(number), field, *index.place(number), index.header(number))
        for number, field in enumerate(("", "", "hr", "lr"))
    }


def test_equal_files_make_equal_shards(samples, tmp_path):
    write_shard(tmp_path / "one.tar", samples)
    (tmp_path / "a.png").touch()
    write_shard(tmp_path / "two.tar", samples)
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_the_size_is_known_before(samples, tmp_path):
    del samples[2]
    expected = sum(it.size([path.stat().st_size for _, path in it.files]) for it in samples)
    write_shard(tmp_path / "s.tar", samples)
    last = max(it.offset + -(-it.size // 512) * 512 for it in members_of(tmp_path / "s.tar"))
    assert last == expected


def test_a_disk_that_is_full_is_one_line_and_leaves_nothing(samples, tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing._Summing, "write", full)
    (tmp_path / "out").mkdir()
    with pytest.raises(DataError, match=r"s\.tar: cannot be written: No space left on device"):
        write_shard(tmp_path / "out/s.tar", samples)
    assert list((tmp_path / "out").iterdir()) == []
