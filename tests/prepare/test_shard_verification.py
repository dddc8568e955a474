"""Damage of every kind is found, all of it."""

import shutil

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import write_image
from srcore.prepare.shard_verification import verify_shards
from srcore.prepare.shards import prepare_shards
from srcore.shards.index_file import index_content
from srcore.shards.members import members_of
from srcore.testing import write_tiny_images


@pytest.fixture
def shards(tmp_path):
    folder = write_tiny_images(tmp_path / "hr", 9, height=16, width=16)
    prepare_shards(folder, tmp_path / "shards", shard_size=4e-3)
    return tmp_path / "shards"


def change(file, *places):
    content = bytearray(file.read_bytes())
    for place in places:
        content[place] ^= 1
    file.write_bytes(content)


def test_whole_shards_are_told_to_be_whole(shards, tmp_path):
    report = verify_shards(shards)
    assert (report.images, report.failed) == (9, [])
    shutil.copytree(shards, tmp_path / "copy", copy_function=shutil.copyfile)  # other times
    assert verify_shards(tmp_path / "copy").failed == []


@pytest.mark.slow  # spawned processes
def test_several_processes_tell_the_same(shards):
    assert verify_shards(shards, workers=2).images == 9


def test_every_fault_is_told(shards):
    first, second, third = sorted(shards.glob("*.tar"))[:3]
    one, other = list(members_of(first))[:2]
    change(first, one.offset + 50, other.offset + 60)
    change(second, -1)  # behind the end of the archive
    third.unlink()
    failed = verify_shards(shards).failed
    assert failed == [
        f"{first}: 00: is not what was packed (CRC-32); copy or download the shard again",
        f"{first}: 01: is not what was packed (CRC-32); copy or download the shard again",
        f"{second}: is not what was packed (SHA-256); copy or download it again",
        f"{third}: no such file; copy or download it again",
    ]


def test_a_shard_that_is_cut_off_is_told_and_the_others_are_read(shards):
    first = shards / "shard-000000.tar"
    first.write_bytes(first.read_bytes()[:2000])
    (line,) = verify_shards(shards).failed
    assert line.startswith(f"{first}: is cut off")


def test_images_are_decoded_where_no_sums_are_known(shards, tmp_path):
    for index in shards.glob("*.index"):
        index.unlink()
    first = shards / "shard-000000.tar"
    image = next(members_of(first))
    change(first, image.offset + image.size - 30)
    (line,) = verify_shards(shards).failed
    assert line.startswith(f"{first}: 00: ")
    assert not list(shards.glob("*.index"))


def test_images_that_were_damaged_when_they_were_packed_are_found(tmp_path):
    path = tmp_path / "in/a.png"
    write_image(path, np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    change(path, -40)
    prepare_shards(tmp_path / "in", tmp_path / "shards")
    (line,) = verify_shards(tmp_path / "shards").failed
    assert "shard-000000.tar: a: " in line


def test_an_index_of_another_shard_is_told(shards):
    first = shards / "shard-000000.tar"
    other = index_content([], size=1, time=1, crc=True)
    first.with_suffix(".index").write_bytes(other)
    (line,) = verify_shards(shards).failed
    assert line == (
        f"{first.with_suffix('.index')}: tells other images than the shard holds; delete it, it "
        "is made anew"
    )


def test_a_folder_without_shards_is_one_line(tmp_path):
    with pytest.raises(DataError, match="no shards; expected"):
        verify_shards(tmp_path)
