"""Parts of many files, read by many at once."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest

from srcore.errors import DataError
from srcore.shards import place_reading
from srcore.shards.place_reading import PlaceReader


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / str(number) for number in range(40)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 1000)
    return paths


def test_few_files_are_open_at_a_time(files):
    before = len(os.listdir("/proc/self/fd"))
    reader = PlaceReader()
    for _ in range(2):
        for number, path in enumerate(files):
            assert reader.read(path, 3, 5) == bytes([number]) * 5
    assert len(os.listdir("/proc/self/fd")) == before + place_reading._OPEN
    del reader
    assert len(os.listdir("/proc/self/fd")) == before


def test_threads_and_forked_processes_share_what_is_open(files):
    reader = PlaceReader()

    def right(turn):
        number = turn * 7 % len(files)
        return reader.read(files[number], turn % 900, 100) == bytes([number]) * 100

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(right, range(2000)))
    child = os.fork()
    if child == 0:
        os._exit(0 if all(map(right, range(500))) else 1)
    assert all(map(right, range(500)))
    assert os.waitpid(child, 0)[1] == 0


def test_a_process_that_was_spawned_opens_its_own(files):
    reader = PlaceReader()
    reader.read(files[0], 0, 1)
    assert pickle.loads(pickle.dumps(reader)).read(files[0], 0, 1) == b"\0"


def test_what_cannot_be_read_is_one_line(files, tmp_path):
    reader = PlaceReader()
    with pytest.raises(DataError, match=r"/0: ends 500 bytes before the end of an image"):
        reader.read(files[0], 900, 600)
    with pytest.raises(DataError, match=r"gone: no such file"):
        reader.read(tmp_path / "gone", 0, 1)
    with pytest.raises(DataError, match=r"cannot be read: Is a directory"):
        reader.read(tmp_path, 0, 1)
    assert reader.read(files[0], 1000, 0) == b""
