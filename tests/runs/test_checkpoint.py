"""Checkpoints as files: whole or not there, read without running code."""

import pickle
import zipfile

import pytest
import torch

from srcore.errors import SrcoreError
from srcore.runs import checkpoint
from srcore.runs.folder import RunFolder
from srcore.testing import assert_same_state

CPU = torch.device("cpu")


def state(iteration):
    weights = torch.arange(100.0) + iteration
    return {"format": checkpoint.FORMAT, "iteration": iteration, "networks": {"a": weights}}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "checkpoints/last.pt"
    checkpoint.save(path, state(3))
    assert_same_state(checkpoint.load_checkpoint(path, CPU), state(3))
    assert [it.name for it in path.parent.iterdir()] == ["last.pt"]


def test_the_one_before_is_kept_where_that_is_wanted(tmp_path):
    folder = RunFolder(tmp_path)
    for iteration, keep in ((1, True), (2, True), (2, False), (3, True)):
        checkpoint.save_last(folder, state(iteration), keep_previous=keep)
    assert checkpoint.load_checkpoint(folder.last, CPU)["iteration"] == 3
    assert checkpoint.load_checkpoint(folder.previous, CPU)["iteration"] == 2


def test_a_copy_keeps_what_it_stands_for(tmp_path):
    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    checkpoint.save(first, state(1))
    checkpoint.copy(first, second)
    checkpoint.save(first, state(2))
    assert [checkpoint.load_checkpoint(it, CPU)["iteration"] for it in (first, second)] == [2, 1]


def test_where_a_file_system_has_no_links_bytes_are_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    first, second = tmp_path / "a.pt", tmp_path / "b.pt"
    checkpoint.save(first, state(1))
    monkeypatch.setattr(type(first), "hardlink_to", refuse)
    checkpoint.copy(first, second)
    assert second.read_bytes() == first.read_bytes()


def test_flipped_bits_are_found(tmp_path):
    path = tmp_path / "last.pt"
    checkpoint.save(path, state(1))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        (member,) = (it for it in archive.infolist() if it.file_size == 400)
    content[content.index(torch.arange(1.0, 101).numpy().tobytes()) + 17] ^= 1
    path.write_bytes(content)
    told = rf"damaged checkpoint \(wrong checksum of {member.filename}"
    with pytest.raises(SrcoreError, match=told):
        checkpoint.load_checkpoint(path, CPU)


class Dangerous:
    def __reduce__(self):
        return print, ("code in a checkpoint has run",)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", pickle.dumps({"format": 1})])
def test_other_files_are_damaged(tmp_path, content):
    path = tmp_path / "last.pt"
    path.write_bytes(content)
    with pytest.raises(SrcoreError, match="damaged checkpoint"):
        checkpoint.load_checkpoint(path, CPU)


def test_code_is_not_run(tmp_path, capsys):
    path = tmp_path / "last.pt"
    torch.save({**state(1), "code": Dangerous()}, path)
    with pytest.raises(SrcoreError, match="damaged checkpoint"):
        checkpoint.load_checkpoint(path, CPU)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("change", [{"format": 2}, {"iteration": None}])
def test_states_of_other_versions_are_refused(tmp_path, change):
    path = tmp_path / "last.pt"
    content = {key: value for key, value in {**state(1), **change}.items() if value is not None}
    torch.save(content, path)
    with pytest.raises(SrcoreError, match="not a training checkpoint of this version"):
        checkpoint.load_checkpoint(path, CPU)


def test_a_disk_that_is_full_leaves_the_one_before(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "last.pt"
    checkpoint.save(path, state(1))
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(SrcoreError, match=r"No space left on device\); the previous one is intact"):
        checkpoint.save(path, state(2))
    with pytest.raises(SrcoreError, match="there is none before it; make room"):
        checkpoint.save(tmp_path / "new/last.pt", state(2))
    monkeypatch.undo()
    assert checkpoint.load_checkpoint(path, CPU)["iteration"] == 1
