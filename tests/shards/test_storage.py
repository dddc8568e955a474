"""Shards of folders."""

import pickle

import pytest

from srcore.errors import DataError
from srcore.prepare.shards import prepare_shards
from srcore.shards.storage import LocalShards
from srcore.testing import write_tiny_images


@pytest.fixture
def folder(tmp_path):
    images = write_tiny_images(tmp_path / "images", 9, height=16, width=16)
    prepare_shards(images, tmp_path / "shards", shard_size=4e-3)
    return tmp_path / "shards"


def test_parts_of_shards_are_read(folder, pack, tmp_path):
    pack(tmp_path / "more/x.tar", [("a.png", b"content")])
    shards = pickle.loads(pickle.dumps(LocalShards.of_folders([folder, tmp_path / "more"])))
    assert shards.names[0] == str(folder / "shard-000000.tar")
    assert shards.names[-1] == str(tmp_path / "more/x.tar")
    index = shards.indexes()[-1]
    assert shards.read(len(shards.names) - 1, *index.place(0)) == b"content"


def test_a_set_that_is_not_whole_is_refused(folder):
    (folder / "shard-000001.tar").unlink()
    with pytest.raises(DataError, match=r"1 of \d shards are not there, first shard-000001\.tar"):
        LocalShards.of_folders([folder])
