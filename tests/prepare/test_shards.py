"""Folders of images become shards that equal them, also after the job was killed."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from srcore.errors import DataError, SrcoreError
from srcore.files.occupied import OccupiedError
from srcore.files.replacing import ReplacedInputError
from srcore.prepare.shards import prepare_shards
from srcore.shards import indexing
from srcore.sources.folder import folder_source
from srcore.sources.tar import tar_source
from srcore.testing import write_tiny_images

KB = 1e-3


@pytest.fixture
def folder(tmp_path):
    return write_tiny_images(tmp_path / "hr", 9, height=16, width=16)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".index"}


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_shards_hold_the_images_of_the_folder(folder, tmp_path, workers, monkeypatch):
    output = tmp_path / "shards"
    report = prepare_shards(folder, output, shard_size=4 * KB, workers=workers)
    assert (report.images, report.failed) == (9, [])
    assert report.written == len(list(output.glob("*.tar"))) > 2
    monkeypatch.setattr(indexing, "members_of", None)  # the indexes are there
    source, files = tar_source(path=output), folder_source(path=folder)
    assert [source.name(n) for n in range(9)] == [files.name(n) for n in range(9)]
    assert all(np.array_equal(source.read(n), files.read(n)) for n in range(9))
    told = json.loads((output / "shards.json").read_text())["shards"]
    assert sum(it["images"] for it in told) == 9
    assert [it["bytes"] for it in told] == [(output / it["name"]).stat().st_size for it in told]


def test_pairs_share_shards(folder, tmp_path):
    lr = write_tiny_images(tmp_path / "lr", 9, height=8, width=8)
    (lr / "below").mkdir()
    report = prepare_shards(folder, tmp_path / "shards", lr=lr, shard_size=4 * KB)
    assert report.images == 18
    hr, small = (tar_source(path=tmp_path / "shards", field=it) for it in ("hr", "lr"))
    assert hr.is_named_as(small)
    assert np.array_equal(small.read(7), folder_source(path=lr).read(7))


def test_folders_below_are_in_the_names(folder, tmp_path):
    write_tiny_images(folder / "below", 1)
    prepare_shards(folder, tmp_path / "shards", recursive=True)
    assert tar_source(path=tmp_path / "shards").name(9) == "below/00"


def test_a_job_that_was_stopped_goes_on(folder, tmp_path):
    whole, again = tmp_path / "whole", tmp_path / "again"
    for output in (whole, again):
        prepare_shards(folder, output, shard_size=4 * KB)
    kept = (again / "shard-000000.tar").stat().st_mtime_ns
    (again / "shard-000001.index").unlink()
    (again / "shard-000002.tar").unlink()
    report = prepare_shards(folder, again, shard_size=4 * KB)
    assert report.images == 9
    assert contents(again) == contents(whole)
    assert (again / "shard-000000.tar").stat().st_mtime_ns == kept


@pytest.mark.slow  # some processes
def test_a_job_that_is_killed_leaves_no_half_shard_and_goes_on(folder, tmp_path):
    write_tiny_images(folder / "more", 300, height=64, width=64)
    words = ["--recursive", "--shard-size", "0.1", "--workers", "1"]
    command = [sys.executable, "-m", "srcore", "prepare", "shards", str(folder), *words]
    command.append(str(tmp_path / "killed"))
    shards = tmp_path / "killed"
    for wanted in (1, 3, 8):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(shards.glob("shard-*.tar"))) < wanted:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it ended before it could be killed"
        for shard in shards.glob("shard-*.tar"):
            list(indexing.members_of(shard))
    subprocess.run(command, check=True, capture_output=True)
    prepare_shards(folder, tmp_path / "whole", recursive=True, shard_size=0.1)
    assert contents(shards) == contents(tmp_path / "whole")
    assert not [path for path in shards.iterdir() if path.name.startswith(".")]


def test_shards_of_another_job_stay_unless_they_may_be_replaced(folder, tmp_path):
    output = tmp_path / "shards"
    prepare_shards(folder, output, shard_size=4 * KB)
    before = contents(output)
    with pytest.raises(OccupiedError, match=r"shards: holds files; overwrite=True replaces"):
        prepare_shards(folder, output, shard_size=8 * KB)
    assert contents(output) == before
    prepare_shards(folder, output, shard_size=1, overwrite=True)
    names = {"shard-000000.index", "shard-000000.tar", "shards.json"}
    assert {path.name for path in output.iterdir()} == names
    (output / "notes.txt").touch()
    with pytest.raises(SrcoreError, match=r"nothing was deleted, it holds what .*: notes\.txt"):
        prepare_shards(folder, output, overwrite=True)


def test_folders_of_others_stay_whatever_is_asked(folder, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/shard-000000.tar").touch()
    with pytest.raises(OccupiedError, match="nothing was deleted, it holds no shards of srcore"):
        prepare_shards(folder, tmp_path / "notes", overwrite=True)
    with pytest.raises(ReplacedInputError, match="images are read from it"):
        prepare_shards(folder, folder)
    with pytest.raises(ReplacedInputError, match="images are read from it"):
        prepare_shards(folder, tmp_path / "x", lr=write_tiny_images(tmp_path / "x", 9))


def test_images_that_cannot_be_read_are_told_also_when_the_job_goes_on(folder, tmp_path):
    (folder / "04.png").write_bytes(b"")
    report = prepare_shards(folder, tmp_path / "shards")
    assert (report.images, report.failed) == (8, [f"{folder / '04.png'}: the file is empty"])
    report = prepare_shards(folder, tmp_path / "shards")
    (line,) = report.failed
    assert line.endswith("shard-000000.tar: was written without 1 images that could not be read")


def test_a_folder_without_images_is_one_line(tmp_path):
    with pytest.raises(DataError, match="no images"):
        prepare_shards(tmp_path, tmp_path / "out")
