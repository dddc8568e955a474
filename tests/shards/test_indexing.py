"""An index that fits its shard is used; any other is made anew."""

import os
import zlib

import attrs
import pytest

from srcore.errors import DataError
from srcore.shards import indexing
from srcore.shards.index_file import index_content, read_index
from srcore.shards.indexing import index_of, shards_in
from srcore.shards.members import members_of


@pytest.fixture
def shard(tmp_path, pack, images):
    members = [(f"{name}.png", content) for name, content in images.items()]
    return pack(tmp_path / "shards/a.tar", members)


@pytest.fixture
def walks(monkeypatch):
    """Shards that were gone through."""
    seen = []

    def counted(shard):
        seen.append(shard.name)
        return members_of(shard)

    monkeypatch.setattr(indexing, "members_of", counted)
    return seen


def keys(index):
    return [index.key(number) for number in range(index.facts.images)]


def test_a_shard_is_gone_through_once(shard, walks):
    assert keys(index_of(shard)) == [f"0{number}" for number in range(6)]
    assert index_of(shard).path == shard.with_suffix(".index")
    assert walks == ["a.tar"]


def test_a_shard_that_was_changed_is_gone_through_again(shard, walks, pack, images):
    index_of(shard)
    pack(shard, [("x.png", images["00"])])
    assert keys(index_of(shard)) == ["x"]
    damaged = shard.with_suffix(".index").read_bytes()[:-1]
    shard.with_suffix(".index").write_bytes(damaged)
    assert keys(index_of(shard)) == ["x"]
    assert walks == ["a.tar"] * 3


def test_sums_stay_when_only_the_time_differs(shard, walks):
    content = shard.read_bytes()
    stored = [
        attrs.evolve(it, crc=zlib.crc32(content[it.offset : it.offset + it.size]))
        for it in members_of(shard)
    ]
    file = shard.with_suffix(".index")
    file.write_bytes(index_content(stored, size=len(content), time=1, crc=True, sha256="ab"))
    facts = index_of(shard).facts
    assert (facts.crc, facts.sha256, facts.time) == (True, "ab", shard.stat().st_mtime_ns)
    assert read_index(file).column("crc").tolist() == [it.crc for it in stored]
    stored[2] = attrs.evolve(stored[2], key="another")
    file.write_bytes(index_content(stored, size=len(content), time=1, crc=True, sha256="ab"))
    facts = index_of(shard).facts
    assert (facts.crc, facts.sha256) == (False, None)


@pytest.mark.parametrize("why", ["read-only", "foreign"])
def test_an_index_that_cannot_lie_beside_is_kept_in_the_users_cache(
    shard, walks, why, tmp_path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    beside = shard.with_suffix(".index")
    if why == "foreign":
        beside.write_bytes(b"of another program")
    else:
        write = indexing.write_bytes

        def refusing(path, content, **named):
            if path == beside:
                raise DataError(f"{path}: cannot be written: Read-only file system")
            write(path, content, **named)

        monkeypatch.setattr(indexing, "write_bytes", refusing)
    for _ in range(2):
        index = index_of(shard)
        assert index.path.parent == tmp_path / "cache/srcore/shards"
        assert len(keys(index)) == 6
    assert walks == ["a.tar"]
    assert not beside.exists() or beside.read_bytes() == b"of another program"


def test_a_shard_that_is_being_written_is_refused(shard, monkeypatch):
    def growing(path):
        stored = list(members_of(path))
        os.utime(path, ns=(1, 1))
        return stored

    monkeypatch.setattr(indexing, "members_of", growing)
    with pytest.raises(DataError, match=r"a\.tar: was changed while it was read"):
        index_of(shard)


def test_shards_come_in_natural_order(tmp_path, pack):
    for name in ("a10", "a2", ".hidden", "a1"):
        pack(tmp_path / "s" / f"{name}.tar", [])
    (tmp_path / "s/a1.index").touch()
    assert [path.name for path in shards_in(tmp_path / "s")] == ["a1.tar", "a2.tar", "a10.tar"]


def test_folders_without_shards_are_one_line(tmp_path):
    with pytest.raises(DataError, match=r"gone: no such folder; expected a folder of shards"):
        shards_in(tmp_path / "gone")
    with pytest.raises(DataError, match=r"no shards; expected uncompressed files \*\.tar"):
        shards_in(tmp_path)
    (tmp_path / "a.tar.gz").touch()
    with pytest.raises(DataError, match=r"unpack a\.tar\.gz with gzip -d"):
        shards_in(tmp_path)
