"""The index tells what was written, and is none when it is damaged."""

import json
import os
import pickle

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import ImageHeader
from srcore.shards.index_file import index_content, may_be_replaced, read_index
from srcore.shards.members import ShardImage

HEADER = ImageHeader(20, 24, 16, 4, 6, 3, working=2.5)
IMAGES = [
    ShardImage("b", "lr", 512, 7, HEADER, 1),
    ShardImage("b", "hr", 1536, 8, HEADER, 2),
    ShardImage("ä\udcff", "lr", 2560, 9, None, 3),
    ShardImage("a", "hr", 3584, 10, HEADER, 2**32 - 1),
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.index"
    path.write_bytes(index_content(IMAGES, size=9999, time=5, crc=True, sha256="ab"))
    return path


def test_an_index_tells_what_was_written_field_by_field(file):
    index = read_index(file)
    assert (index.facts.bytes, index.facts.time, index.facts.sha256) == (9999, 5, "ab")
    assert index.facts.fields == {"hr": 2, "lr": 2}
    assert (index.field("hr"), index.field("lr")) == (slice(0, 2), slice(2, 4))
    assert index.field("none") == slice(0, 0)
    assert [index.key(number) for number in range(4)] == ["b", "a", "b", "ä\udcff"]
    places = [(1536, 8), (3584, 10), (512, 7), (2560, 9)]
    assert [index.place(number) for number in range(4)] == places
    assert index.header(0) == HEADER
    assert index.header(0).working == 2.5
    assert index.header(3) is None
    assert index.column("crc").tolist() == [2, 2**32 - 1, 1, 3]
    assert index.column("hash")[0] == index.column("hash")[2] != index.column("hash")[1]


def test_it_is_read_by_numpy_from_what_its_documentation_says(file):
    line, _, rest = file.read_bytes().partition(b"\n")
    assert (len(line) + 1) % 64 == 0
    assert json.loads(line)["format"] == "srcore shard index 2"
    assert np.frombuffer(rest, "<u8", 4).tolist() == [1536, 3584, 512, 2560]
    keys = [b"b", b"a", b"b", b"\xc3\xa4\xff"]
    assert np.frombuffer(rest, "S3", 4, len(rest) - 12 - 4).tolist() == keys


def test_an_index_without_images_is_one(tmp_path):
    path = tmp_path / "a.index"
    path.write_bytes(index_content([], size=1024, time=5, crc=False))
    assert read_index(path).facts.images == 0


def test_processes_take_it_along_unless_it_was_changed(file):
    index = pickle.loads(pickle.dumps(read_index(file)))
    assert index.key(1) == "a"
    taken = pickle.dumps(index)
    file.write_bytes(index_content(IMAGES[:2], size=9999, time=6, crc=True))
    with pytest.raises(DataError, match=r"a\.index: was changed while it was used; begin again"):
        pickle.loads(taken)


def test_half_an_index_is_none(file):
    content = file.read_bytes()
    for length in (0, 5, 40, 70, len(content) - 1):
        file.write_bytes(content[:length])
        assert read_index(file) is None
    for damaged in (
        content + b"\0",
        content.replace(b"index 2", b"index 1"),
        content.replace(b'"hr": 2', b'"hr": 3'),
        content.replace(b'"bytes"', b'"byte"'),
        b"[]\n",
    ):
        file.write_bytes(damaged)
        assert read_index(file) is None


def test_more_indexes_than_a_process_may_have_open_at_first(file):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptor = os.open(file, os.O_RDONLY)
    os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptor + 40, limits[1]))
    try:
        indexes = [read_index(file) for _ in range(100)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert all(index.key(1) == "a" for index in indexes)


def test_places_outside_of_the_shard_are_refused(file):
    file.write_bytes(index_content(IMAGES, size=2000, time=5, crc=True))
    with pytest.raises(DataError, match=r"a\.index: image 1 lies outside of the shard; delete it"):
        read_index(file).place(1)


def test_files_of_other_programs_are_not_replaced(file):
    assert may_be_replaced(file)
    assert may_be_replaced(file.with_name("none"))
    file.write_bytes(file.read_bytes()[:100])
    assert may_be_replaced(file)
    file.write_bytes(b"v1.2 1\npng 512 100")
    assert not may_be_replaced(file)
