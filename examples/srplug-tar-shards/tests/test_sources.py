"""What was packed is read; what cannot be read is one line."""

import io
import multiprocessing
import tarfile

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.testing import tiny_image, write_tiny_images
from srplug_tar_shards import pack
from srplug_tar_shards.sources import TarShards


@pytest.fixture
def images(tmp_path):
    write_tiny_images(tmp_path / "images/below", 5)
    (tmp_path / "images/below/00.json").write_text("{}")
    return tmp_path / "images"


@pytest.fixture
def shards(images, tmp_path):
    pack(images, tmp_path / "shards", samples=2)
    return tmp_path / "shards"


def test_what_was_packed_is_read(shards):
    assert {shard.name for shard in shards.iterdir()} == {f"{n:06}.tar" for n in range(3)}
    source = TarShards(shards, "png")
    assert [source.name(index) for index in range(len(source))] == [f"below/0{n}" for n in range(5)]
    for index in range(5):
        assert np.array_equal(source.read(index), tiny_image(index))


def test_equal_folders_make_equal_shards(images, shards, tmp_path):
    (images / "below/00.png").touch()
    pack(images, tmp_path / "again", samples=2)
    for shard in shards.iterdir():
        assert shard.read_bytes() == (tmp_path / "again" / shard.name).read_bytes()


def test_several_processes_read_at_once(shards):
    """Forked with a source that was used, so that all would share an open file."""
    source = TarShards(shards, "png")
    source.read(0)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        read = pool.map(source.read, list(range(5)) * 20)
    assert all(np.array_equal(image, tiny_image(index % 5)) for index, image in enumerate(read))


def test_a_sample_may_hold_both_images_of_a_pair(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    with tarfile.open(folder / "0.tar", "w") as archive:
        for name in ("1.HR.png", "1.lr.png", "2.hr.png", "2.lr.png", "2.txt"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            archive.addfile(member, io.BytesIO(name.encode()))
    source = TarShards(folder, "hr.png")
    assert [source.name(index) for index in range(len(source))] == ["1", "2"]
    assert source.content(0) == b"1.HR.png"
    assert TarShards(folder, "lr.png").content(1) == b"2.lr.png"


def test_shards_that_cannot_be_read_are_one_line(shards, tmp_path):
    first = shards / "000000.tar"
    content = first.read_bytes()
    first.write_bytes(content[:9000])  # in the midst of its last image
    with pytest.raises(DataError, match=r"000000\.tar: .*(cut off|unexpected end)"):
        TarShards(shards, "png")
    first.write_bytes(b"no tar")
    with pytest.raises(DataError, match=r"000000\.tar: cannot be read as an uncompressed tar"):
        TarShards(shards, "png")
    first.unlink()
    with pytest.raises(DataError, match=r'no file "NAME.jpg" in 2 shards'):
        TarShards(shards, "jpg")
    (shards / "copy.tar").write_bytes((shards / "000001.tar").read_bytes())
    with pytest.raises(DataError, match=r'copy\.tar: "below/02" is also in .*000001\.tar'):
        TarShards(shards, "png")


def test_a_shard_that_went_away_is_one_line(shards):
    source = TarShards(shards, "png")
    (shards / "000000.tar").unlink()
    with pytest.raises(DataError, match=r"000000\.tar: below/00: No such file"):
        source.read(0)
