"""A folder of blocks that many use and that does not grow."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.shards.block_cache import BlockCache

CONTENT = np.random.default_rng(0).bytes(10_500)


class Server:
    def __init__(self):
        self.asked = []

    def __call__(self, start, end):
        self.asked.append((start, end))
        return CONTENT[start:end]


@pytest.fixture
def server():
    return Server()


def test_parts_are_those_of_the_file_and_blocks_are_fetched_once(tmp_path, server):
    cache = BlockCache(tmp_path, 10**9, 1000)
    for _ in range(2):
        for offset, size in ((0, 10), (990, 20), (1500, 3600), (10_000, 500), (10_499, 1), (5, 0)):
            part = cache.read("a", offset, size, server, len(CONTENT))
            assert part == CONTENT[offset : offset + size]
    assert sorted(server.asked) == [
        *((start, start + 1000) for start in range(0, 6000, 1000)),
        (10_000, 10_500),
    ]


def test_the_folder_stays_below_its_limit_and_what_was_used_stays(tmp_path, server):
    cache = BlockCache(tmp_path, 4000, 500)
    for number in range(21):
        cache.read("a", 0, 10, server, len(CONTENT))  # used all the time
        cache.read("a", number * 500, 500, server, len(CONTENT))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000
        time.sleep(0.002)
    assert server.asked.count((0, 500)) == 1
    assert len(server.asked) == 21
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".block"]


def test_files_of_others_stay(tmp_path, server):
    (tmp_path / "notes.txt").write_bytes(bytes(5000))
    cache = BlockCache(tmp_path, 1000, 500)
    for number in range(5):
        cache.read("a", number * 500, 500, server, len(CONTENT))
    assert (tmp_path / "notes.txt").is_file()


def test_many_at_once_fetch_a_block_once(tmp_path, server):
    def slow(start, end):
        time.sleep(0.02)
        return server(start, end)

    def read(number):
        cache = BlockCache(tmp_path, 10**9, 1000)
        part = cache.read("a", number % 10 * 1000, 700, slow, len(CONTENT))
        return part == CONTENT[number % 10 * 1000 :][:700]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(80)))
    assert sorted(server.asked) == [(start, start + 1000) for start in range(0, 10_000, 1000)]


def test_processes_that_remove_and_read_at_once_always_get_the_content(tmp_path, server):
    children = []
    for seed in range(3):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                cache = BlockCache(tmp_path, 3000, 500)
                for number in np.random.default_rng(seed).integers(0, 9, 60):
                    start = int(number) * 1000
                    part = cache.read("a", start, 900, server, len(CONTENT))
                    assert part == CONTENT[start : start + 900]
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]


def test_a_block_that_is_too_short_is_fetched_again(tmp_path, server):
    cache = BlockCache(tmp_path, 10**9, 1000)
    cache.read("a", 0, 1000, server, len(CONTENT))
    (block,) = tmp_path.iterdir()
    block.write_bytes(b"short")
    assert cache.read("a", 0, 1000, server, len(CONTENT)) == CONTENT[:1000]


def test_what_cannot_be_fetched_leaves_nothing(tmp_path):
    def failing(start, end):
        raise DataError("no answer")

    with pytest.raises(DataError, match="no answer"):
        BlockCache(tmp_path, 1000, 500).read("a", 0, 10, failing, 100)
    assert list(tmp_path.iterdir()) == []
