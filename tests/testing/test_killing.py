"""The harness itself: every change is counted, and nothing of the next one happens."""

import os
import signal
import sys

import pytest
import torch

from srcore.errors import SrcoreError
from srcore.testing.killing import Changes, fork, wait


def work(folder):
    (folder / "a").mkdir()  # 1
    (folder / "a/text").write_text("first")  # 2: open, 3: write
    with (folder / "a/text").open("a", encoding="utf-8") as stream:  # 4
        stream.write("second")  # 5
    (folder / "a/link").hardlink_to(folder / "a/text")  # 6
    torch.save({"a": 1}, folder / "state.pt")  # 7, 8
    os.replace(folder / "state.pt", folder / "last.pt")  # 9
    (folder / "a/link").unlink()  # 10
    (folder / "a/text").read_text()


def run(folder, *arguments):
    changes = Changes(folder, *arguments)

    def both():
        changes.install()
        try:
            work(folder)
        finally:
            (folder.parent / "count").write_text(str(changes.count))

    return wait(fork(both, folder.parent / "log"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_changes_are_counted(folder):
    assert run(folder) == 0
    assert (folder.parent / "count").read_text() == "10"
    assert names(folder) == ["a", "a/text", "last.pt"]
    assert (folder / "a/text").read_text() == "firstsecond"
    assert torch.load(folder / "last.pt") == {"a": 1}


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (1, []),
        (2, ["a"]),
        (3, ["a", "a/text"]),
        (6, ["a", "a/text"]),
        (8, ["a", "a/link", "a/text", "state.pt"]),
        (9, ["a", "a/link", "a/text", "state.pt"]),
        (10, ["a", "a/link", "a/text", "last.pt"]),
    ],
)
def test_the_process_is_killed_before_the_change(folder, at, left):
    assert run(folder, at) == -signal.SIGKILL
    assert names(folder) == left
    if at == 8:
        assert (folder / "state.pt").stat().st_size == 0


def test_a_full_disk_stays_full_but_lets_files_go(folder):
    assert run(folder, 5, "full") == 99
    assert "No space left on device" in (folder.parent / "log").read_text()
    assert (folder / "a/text").read_text() == "first"


def test_ends_of_processes_are_told_apart(tmp_path):
    def fail():
        raise SrcoreError("in one line")

    assert wait(fork(fail, tmp_path / "log")) == 1
    assert (tmp_path / "log").read_text() == "srcore: in one line\n"
    assert wait(fork(lambda: sys.exit(0), tmp_path / "log")) == 99
    with pytest.raises(TimeoutError):
        wait(fork(signal.pause, tmp_path / "log"), seconds=0.2)
