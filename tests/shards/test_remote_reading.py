"""What addresses lead to is listed and read in parts; what fails is one line."""

import sys

import pytest

from srcore.errors import DataError, MissingExtraError
from srcore.shards import remote_reading
from srcore.shards.remote_reading import RemoteShard, fetched, fetched_if_there, shards_at
from srcore.shards.shard_set import ListedShard, ShardSet

fsspec = pytest.importorskip("fsspec")
CONTENT = bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(remote_reading, "_WAITS", (0, 0, 0))


@pytest.fixture
def memory():
    """An object store in memory, by name -> content."""
    system = fsspec.filesystem("memory")
    system.store.clear()

    def put(**files):
        for name, content in files.items():
            system.pipe_file(f"/b/{name.replace('_tar', '.tar')}", content)

    yield put
    system.store.clear()


def names(shards):
    return [shard.url.rpartition("/")[2] for shard in shards]


def test_a_folder_is_listed_in_natural_order(memory):
    memory(s10_tar=b"x" * 5, s2_tar=b"y", notes=b"z")
    shards = shards_at("memory://b/")
    assert names(shards) == ["s2.tar", "s10.tar"]
    assert [shard.size for shard in shards] == [1, 5]
    assert shards[0].tag


def test_a_set_says_which_shards_there_are_without_a_list(memory):
    told = ShardSet("ab", (ListedShard("s2.tar", 3, 2048, "cd"),))
    memory(s2_tar=b"", s3_tar=b"", **{"shards.json": told.content()})
    assert shards_at("memory://b") == [RemoteShard("memory://b/s2.tar", 2048, sha256="cd")]
    memory(**{"shards.json": ShardSet("ab").content()})
    with pytest.raises(DataError, match="memory://b: srcore prepare shards has not ended here"):
        shards_at("memory://b")


def test_shards_are_named_one_by_one_or_by_numbers(memory):
    memory(s08_tar=b"", s09_tar=b"", s10_tar=b"")
    assert names(shards_at("memory://b/s09.tar")) == ["s09.tar"]
    assert names(shards_at("memory://b/s{08..10}.tar")) == ["s08.tar", "s09.tar", "s10.tar"]
    with pytest.raises(DataError, match=r"memory://b/s11\.tar: is not there"):
        shards_at("memory://b/s{10..11}.tar")
    with pytest.raises(DataError, match="expected a range such as"):
        shards_at("memory://b/s{10..8}.tar")


def test_a_folder_without_shards_is_one_line(memory):
    with pytest.raises(DataError, match=r"memory://b: no shards; expected files \*\.tar, or"):
        shards_at("memory://b")


@pytest.mark.parametrize("url", ["nowhere://b", "nowhere://b/a.tar"])
def test_an_unknown_kind_of_address_is_one_line(url):
    with pytest.raises(DataError, match=f"{url}.*: Protocol not known: nowhere"):
        shards_at(url)


def test_packages_that_are_missing_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match=r"reading s3:// .*pip install 'srcore\[s3\]'"):
        shards_at("s3://b")
    monkeypatch.setitem(sys.modules, "adlfs", None)
    with pytest.raises(DataError, match=r"az://b.*: needs a package that is not .*adlfs"):
        shards_at("az://b")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'srcore\[remote\]'"):
        shards_at("s3://b")


@pytest.fixture
def shard(server):
    pytest.importorskip("aiohttp")
    (server.folder / "a.tar").write_bytes(CONTENT)
    return RemoteShard(f"{server.url}/a.tar", len(CONTENT))


def test_a_web_server_is_asked_for_parts(shard, server):
    assert shards_at(server.url)[0].size == len(CONTENT)
    assert shards_at(f"{server.url}/a.tar")[0].size == len(CONTENT)
    server.asked.clear()
    assert fetched(shard, 100, 300) == CONTENT[100:300]
    assert server.asked == [("/a.tar", "bytes=100-299")]
    assert fetched_if_there(f"{server.url}/none") is None


@pytest.mark.parametrize("fault", ["failing", "cutting"])
def test_what_fails_is_asked_for_again_and_is_one_line_in_the_end(shard, server, fault):
    setattr(server, fault, 3)
    assert fetched(shard, 0, 5000) == CONTENT[:5000]
    assert len(server.asked) == 4
    setattr(server, fault, 99)
    with pytest.raises(
        DataError, match=r"/a\.tar: bytes 0 to 4999: cannot be fetched in 4 tries: \w+"
    ) as error:
        fetched(shard, 0, 5000)
    assert "\n" not in str(error.value)


def test_a_server_that_sends_whole_files_is_told_at_once(shard, server):
    server.is_ranged = False
    with pytest.raises(DataError, match="cannot be fetched: the server sends whole files where"):
        fetched(shard, 0, 100)
    assert len(server.asked) == 1


def test_a_shard_that_went_away_is_one_line(shard, server):
    (server.folder / "a.tar").unlink()
    with pytest.raises(DataError, match=r"/a\.tar: is not there any more"):
        fetched(shard, 0, 100)


def test_a_server_that_nobody_reaches_is_one_line():
    pytest.importorskip("aiohttp")
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9/a\.tar: cannot be fetched in 4"):
        shards_at("http://127.0.0.1:9/a.tar")
