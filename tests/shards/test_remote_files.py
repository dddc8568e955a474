"""Files behind addresses are found and fetched; what is wrong is one line."""

import pytest

from srcore.errors import DataError
from srcore.shards import remote_files, remote_reading
from srcore.shards.remote_files import (
    fetched_whole,
    files_below,
    is_remote_folder,
    matching_files,
)

fsspec = pytest.importorskip("fsspec")
pytest.importorskip("aiohttp")
CONTENT = bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(remote_reading, "_WAITS", (0, 0, 0))


@pytest.fixture
def store():
    system = fsspec.filesystem("memory")
    system.store.clear()
    for name in ("a.png", "b c.png", "deep/a.png", "deep/er/[x].png"):
        system.pipe_file(f"/b/{name}", CONTENT)
    yield system
    system.store.clear()


@pytest.fixture
def served(server):
    for name in ("a.png", "b c.png", "deep/a.png"):
        path = server.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(CONTENT)
    return server


def test_files_of_a_folder_are_listed_with_their_sizes(store):
    files, folders = files_below("memory://b/", recursive=False)
    assert {it.name: it.size for it in files} == {"a.png": 5120, "b c.png": 5120}
    assert folders == 1
    files, _ = files_below("memory://b", recursive=True)
    assert [it.name for it in files] == ["a.png", "b c.png", "deep/a.png", "deep/er/[x].png"]
    assert files[-1].url == "memory://b/deep/er/[x].png"
    with pytest.raises(DataError, match="memory://none: is not there"):
        files_below("memory://none", recursive=False)


def test_a_page_of_a_web_server_is_a_list(served):
    files, folders = files_below(f"{served.url}/", recursive=False)
    assert {it.name: it.size for it in files} == {"a.png": None, "b c.png": None}
    assert folders == 1
    for file in files:
        with fetched_whole(file.url) as content:
            assert content.read() == CONTENT
    files, _ = files_below(served.url, recursive=True)
    assert sorted(it.name for it in files) == ["a.png", "b c.png", "deep/a.png"]


def test_names_that_lead_out_are_refused(store):
    store.store["/b/x/../../out.png"] = store.store["/b/a.png"]
    with pytest.raises(DataError, match=r"memory://b: expected names below it, found .*\.\./"):
        files_below("memory://b", recursive=True)


def test_patterns_are_matched(store):
    assert [it.name for it in matching_files("memory://b/*.png")] == ["a.png", "b c.png"]
    names = [
        it.url.removeprefix("memory://").lstrip("/") for it in matching_files("memory://b/**/a*")
    ]
    assert names == ["b/a.png", "b/deep/a.png"]
    assert matching_files("memory://none/*") == []


def test_folders_are_told_from_files(store):
    assert is_remote_folder("memory://b")
    assert not is_remote_folder("memory://b/a.png")
    assert not is_remote_folder("memory://none")
    assert is_remote_folder("https://host/images/")
    assert not is_remote_folder("https://host/images")


@pytest.mark.parametrize("limit", [1 << 24, 1000])
@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_file_is_fetched_whole_large_ones_in_parts(served, monkeypatch, limit, size):
    monkeypatch.setattr(remote_files, "_AT_ONCE", limit)
    with fetched_whole(f"{served.url}/a.png", size) as file:
        assert file.read() == CONTENT
    assert len(served.asked) == (1 if limit > 5120 else 6)


def test_a_server_that_knows_no_parts_is_enough_for_files_of_usual_size(served):
    served.is_ranged = False
    with fetched_whole(f"{served.url}/a.png") as file:
        assert file.read() == CONTENT


@pytest.mark.parametrize("fault", ["failing", "cutting"])
def test_what_fails_is_asked_for_again_and_is_one_line_in_the_end(served, fault):
    url = f"{served.url}/a.png"
    setattr(served, fault, 3)
    with fetched_whole(url, len(CONTENT)) as file:
        assert file.read() == CONTENT
    setattr(served, fault, 99)
    with pytest.raises(DataError, match=r"/a\.png: cannot be fetched in 4 tries: \w+"):
        fetched_whole(url, len(CONTENT))


def test_what_is_refused_is_asked_for_once(served):
    served.forbidden.add("/a.png")
    with pytest.raises(DataError, match=r"/a\.png: cannot be fetched: .*403"):
        fetched_whole(f"{served.url}/a.png", 7)
    assert len(served.asked) == 1


def test_what_is_not_there_is_told(store, served):
    for url in ("memory://b/none.png", f"{served.url}/none.png"):
        with pytest.raises(DataError, match=r"none\.png: is not there"):
            fetched_whole(url)
        with pytest.raises(DataError, match=r"none\.png: is not there"):
            fetched_whole(url, 7)
