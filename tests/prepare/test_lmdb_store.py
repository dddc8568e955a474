import lmdb
import pytest

from srcore.prepare.lmdb_store import StoredEntry, opened_store, stamp_of


@pytest.fixture
def opened(tmp_path):
    return lambda: opened_store(lmdb, tmp_path / "data", tmp_path / "ledger")


def test_what_was_stored_is_known_to_the_next_one(opened):
    keys = ["a", "b/c", "\udcff"]
    entries = [StoredEntry(key, (number, 7), (2, 3, 3)) for number, key in enumerate(keys)]
    with opened() as store:
        assert store.known() == {}
        for entry in entries:
            store.add(entry, entry.key.encode("utf-8", "surrogateescape"))
        store.flush()
    with opened() as store:
        assert store.known() == {entry.key: entry for entry in entries}
        store.end(["a", "\udcff"])
        assert set(store.known()) == {"a", "\udcff"}
        with store.environment.begin() as transaction:
            assert [bytes(key) for key, _ in transaction.cursor()] == [b"a", b"\xff"]


def test_what_waits_is_not_noted_before_it_is_stored(opened, tmp_path):
    with opened() as store:
        store.add(StoredEntry("a", (0, 0), (2, 3, 3)), b"a")
        assert store.known() == {}
    with opened() as store:
        assert store.known() == {}


def test_a_line_is_as_basicsr_writes_it():
    assert StoredEntry("b/c", (0, 0), (20, 28, 3)).line == "b/c.png (20,28,3) 1\n"


def test_a_file_that_is_not_there_has_no_stamp(tmp_path):
    file = tmp_path / "a"
    assert stamp_of(file) is None
    file.write_bytes(b"123")
    assert stamp_of(file) == (file.stat().st_mtime_ns, 3)
