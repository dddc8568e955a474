"""A set of shards tells which there are; less than all is refused."""

import pytest

from srcore.errors import DataError
from srcore.shards.shard_set import ListedShard, ShardSet, parsed_set, refuse_unfinished, set_in

WHOLE = ShardSet("ab", (ListedShard("a.tar", 3, 2048, "cd"), ListedShard("b.tar", 1, 1024, "ef")))


def test_a_set_tells_what_was_written(tmp_path):
    assert set_in(tmp_path) is None
    (tmp_path / "shards.json").write_bytes(WHOLE.content())
    assert set_in(tmp_path) == WHOLE
    assert parsed_set(ShardSet("ab").content()) == ShardSet("ab")


def test_other_files_are_no_sets():
    content = WHOLE.content()
    for other in (
        b"",
        b"[]",
        b"\xff",
        b"{}",
        content.replace(b"shards 1", b"shards 2"),
        content.replace(b"a.tar", b"../a.tar"),
        content.replace(b"2048", b'"2048"'),
        content.replace(b'"sha256"', b'"sha"'),
    ):
        assert parsed_set(other) is None


def test_less_than_all_is_refused():
    refuse_unfinished(None, "x", set())
    refuse_unfinished(WHOLE, "x", {"a.tar", "b.tar", "c.tar"})
    with pytest.raises(DataError, match=r"x: 1 of 2 shards are not there, first b\.tar; copy"):
        refuse_unfinished(WHOLE, "x", {"a.tar"})
    with pytest.raises(DataError, match="x: srcore prepare shards has not ended here; give"):
        refuse_unfinished(ShardSet("ab"), "x", {"a.tar"})
