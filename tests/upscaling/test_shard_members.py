import pickle
import tarfile
from pathlib import Path, PurePath

import attrs
import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import Origin, read_header, write_image
from srcore.prepare.shards import prepare_shards
from srcore.shards.index_file import index_content
from srcore.shards.members import members_of
from srcore.shards.storage import LocalShards
from srcore.upscaling import shard_members
from srcore.upscaling.shard_members import members_of_files, members_of_shard, unfinished_sets


@pytest.fixture
def shard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ("b.hr.png", "deep/A.PNG", "a.b.jpg", "notes.txt")
    with tarfile.open("s.tar", "w") as archive:
        for number, name in enumerate(names):
            file = Path("in", name)
            if name.endswith("txt"):
                file.write_text("no image")
            else:
                write_image(file, np.full((5, 6 + number, 3), number, np.uint8))
            archive.add(file, name)
    return Path("s.tar")


def test_members_are_known_as_the_files_they_were(shard):
    members = members_of_files([shard], [])
    assert [str(it) for it in members] == ["s.tar:b.hr.png", "s.tar:deep/A.PNG", "s.tar:a.b.jpg"]
    for member in members:
        file = Path("in", member.path.relative_to(member.place))
        assert member.path == PurePath("s", file.relative_to("in"))
        assert member.file == shard
        assert member.origin() == Origin.of(file)
        assert (member.header().height, member.header().width) == (5, read_header(file).width)
        with member.opened() as content:
            assert content.read() == file.read_bytes()
    others = members_of_files([shard.absolute()], [])
    assert [it.identity for it in others] == [it.identity for it in members]
    assert len({it.identity for it in members}) == 3


def test_another_process_has_the_same_members(shard):
    members = members_of_files([shard], [])
    again = [pickle.loads(pickle.dumps(it)) for it in members]
    assert again == members
    assert len({*again, *members}) == 3
    assert len({id(it.index) for it in again}) == 1
    assert [it.origin() for it in again] == [it.origin() for it in members]


def test_large_members_are_read_at_their_places(shard, monkeypatch):
    monkeypatch.setattr(shard_members, "_SMALL", 10)
    (member, *_) = members_of_files([shard], [])
    with member.opened() as content:
        assert content.read(4) == b"\x89PNG"
        assert content.seek(0, 2) == Path("in/b.hr.png").stat().st_size
        content.seek(0)
        assert content.read() == Path("in/b.hr.png").read_bytes()


def test_shards_that_cannot_be_read_are_told_and_the_others_taken(shard):
    Path("t.tar").write_bytes(shard.read_bytes()[:700])
    unreadable = []
    members = members_of_files([Path("t.tar"), shard, Path("u.tar")], unreadable)
    assert len(members) == 3
    (cut, first), (gone, second) = unreadable
    assert (str(cut), str(gone)) == ("t.tar", "u.tar")
    assert first.startswith("t.tar: cannot be read as an uncompressed tar")
    assert second == "u.tar: no such file"


def test_an_index_that_leads_elsewhere_is_refused(shard):
    images = [attrs.evolve(it, key=f"../{it.key}") for it in members_of(shard)]
    state = shard.stat()
    content = index_content(images, size=state.st_size, time=state.st_mtime_ns, crc=False)
    Path("s.index").write_bytes(content)
    with pytest.raises(DataError, match=r's\.tar: expected names below the shard, found "\.\./b'):
        members_of_shard(LocalShards([shard]), 0, PurePath("s"))


def test_sets_that_lack_shards_are_told(tmp_path):
    for number in range(4):
        image = np.random.default_rng(number).integers(0, 256, (60, 60, 3), np.uint8)
        write_image(tmp_path / "in" / f"{number}.png", image)
    prepare_shards(tmp_path / "in", tmp_path / "out", shard_size=0.02)
    shards = sorted((tmp_path / "out").glob("*.tar"))
    assert len(shards) > 1
    assert unfinished_sets(shards) == []
    ((folder, line),) = unfinished_sets(shards[1:])
    assert str(folder) == str(tmp_path / "out")
    assert f"1 of {len(shards)} shards are not there, first {shards[0].name}" in line
