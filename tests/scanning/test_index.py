import os
import sqlite3
import time

import numpy as np
import pytest

from srcore.scanning.facts import Facts
from srcore.scanning.index import Kept, ScanIndex, index_file
from srcore.scanning.stamps import UNKNOWN


def rows(index, names):
    kept = index.kept([os.fsdecode(name) for name in names])
    return [
        None if stamp == list(UNKNOWN) else (*stamp, *size, kept.faults.get(number, ""))
        for number, (stamp, size) in enumerate(
            zip(kept.stamps.tolist(), kept.sizes.tolist(), strict=True)
        )
    ]


@pytest.fixture
def index(tmp_path):
    opened = ScanIndex(tmp_path / "scans/x.sqlite")
    yield opened
    opened.close()


def test_what_was_kept_is_known_again_by_names_of_any_bytes(tmp_path, index):
    images = [
        (b"a/1.png", (10, 20), Facts(3, 4, 8, 3)),
        ("é.png".encode(), (12, 22), Facts(5, 6, 16, 1)),
        (b"\xff.png", (11, 21), Facts(fault="\0: empty")),
    ]
    index.keep(images)
    index.close()
    again = ScanIndex(tmp_path / "scans/x.sqlite")
    known = [(10, 20, 3, 4, ""), (12, 22, 5, 6, ""), (11, 21, 0, 0, "\0: empty")]
    assert rows(again, [name for name, *_ in images]) == known
    asked = [b"a/0.png", b"a/1.png", b"a/1.png", b"b.png", images[1][0], images[2][0], b"\xff\xff"]
    assert rows(again, asked) == [None, known[0], known[0], None, known[1], known[2], None]
    again.keep([(b"a/1.png", (13, 23), Facts(7, 8, 8, 3))])
    assert rows(again, [b"a/1.png"]) == [(13, 23, 7, 8, "")]
    again.close()


def test_a_file_that_may_change_within_the_tick_of_the_clock_is_not_kept(index):
    now = time.time_ns()
    index.keep([(b"a.png", (now, 1), Facts(1, 1, 8, 3)), (b"b.png", (now - 10**10, 1), Facts())])
    assert rows(index, [b"a.png", b"b.png"]) == [None, (now - 10**10, 1, 0, 0, "")]


@pytest.mark.parametrize("content", [b"no database" * 100, b""])
def test_a_damaged_index_is_made_anew(tmp_path, content):
    file = tmp_path / "x.sqlite"
    file.write_bytes(content)
    index = ScanIndex(file)
    assert rows(index, [b"a"]) == [None]
    index.close()


def test_an_index_of_another_version_is_made_anew(tmp_path, index):
    index.keep([(b"a", (1, 1), Facts(1, 1, 8, 3))])
    index.close()
    with sqlite3.connect(tmp_path / "scans/x.sqlite") as database:
        database.execute("pragma user_version = 99")
    database.close()
    again = ScanIndex(tmp_path / "scans/x.sqlite")
    assert rows(again, [b"a"]) == [None]
    again.close()


def test_a_folder_has_one_index_by_whatever_name(tmp_path, monkeypatch, cache):
    (tmp_path / "hr").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "hr")
    monkeypatch.chdir(tmp_path)
    file = index_file(tmp_path / "hr")
    assert file.parent == cache
    assert file == index_file(tmp_path / "link") == index_file(tmp_path / "hr/../hr")
    assert file != index_file(tmp_path)


def test_a_list_is_kept_as_a_whole_and_only_the_newest_are(tmp_path, index):
    names = ["a.png", "\udcff.png", "b/c.png"]
    now = time.time_ns()
    kept = Kept(
        np.array([[10, 20], [11, 21], [now, 22]]),
        np.array([[3, 4], [0, 0], [5, 6]], np.int32),
        {1: "\0: empty"},
    )
    index.keep([(b"a.png", (1, 1), Facts(1, 1, 8, 3))])
    index.keep_list(names, kept)
    again = index.kept(names)
    assert again.is_list
    # The last one may be written again within the tick.
    assert again.stamps.tolist() == [[10, 20], [11, 21], list(UNKNOWN)]
    assert (again.sizes.tolist(), again.faults) == (kept.sizes.tolist(), kept.faults)
    assert rows(index, [b"a.png"]) == [(1, 1, 1, 1, "")]
    assert not index.kept(names[:2]).is_list

    one = Kept(kept.stamps[:1], kept.sizes[:1], {})
    for number in range(4):
        index.keep_list([f"{number}.png"], one)
    assert not index.kept(names).is_list
    assert all(index.kept([f"{number}.png"]).is_list for number in range(4))
    index.keep_list(["3.png"], Kept(kept.stamps[:1], kept.sizes[:1], {0: "bad"}))
    assert index.kept(["3.png"]).faults == {0: "bad"}


def test_no_names(index):
    assert len(index.kept([]).stamps) == 0
