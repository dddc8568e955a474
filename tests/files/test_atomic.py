import os
import signal

import pytest

from srcore.errors import DataError
from srcore.files.atomic import is_temporary, leftovers, write_bytes, writing
from srcore.testing.killing import fork, wait


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "results.bin"
    write_bytes(file, b"old")

    def fail():
        with writing(file) as temporary:
            temporary.write_bytes(b"half of the n")
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fail()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_folders_are_made_and_files_are_not_private(tmp_path):
    file = tmp_path / "a" / "b.bin"
    write_bytes(file, b"x", durable=False)
    assert file.stat().st_mode & 0o444 == 0o444


def test_an_impossible_place_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"file/b\.bin: cannot be written: "):
        write_bytes(tmp_path / "file" / "b.bin", b"x")


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "n." + "s" * 253, "ü" * 127, " ", "-a"])
def test_any_name_that_the_file_system_takes_can_be_written(tmp_path, name):
    write_bytes(tmp_path / name, b"x", durable=False)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.fixture
def killed(tmp_path):
    """Kills a process in the middle of writing into a folder; returns what it leaves there."""

    def leave(folder):
        def write():
            with writing(folder / "a.png"):
                os.kill(os.getpid(), signal.SIGKILL)

        before = set(folder.iterdir())
        assert wait(fork(write, tmp_path / "log")) == -signal.SIGKILL
        (left,) = set(folder.iterdir()) - before
        assert is_temporary(left)
        return left

    return leave


def test_what_a_killed_process_left_is_removed_by_the_next_one_that_writes_there(tmp_path, killed):
    folder = tmp_path / "out"
    folder.mkdir()
    left = killed(folder)
    assert list(leftovers(folder)) == [left]
    write_bytes(folder / "b.png", b"x")
    assert [path.name for path in folder.iterdir()] == ["b.png"]


def test_what_others_are_writing_stays(tmp_path, killed):
    folder = tmp_path / "out"
    folder.mkdir()
    left = killed(folder)
    host, process = left.name.removeprefix(".srcore-").split("-")[:2]
    kept = [
        folder / left.name.replace(process, str(os.getppid())),
        folder / left.name.replace(host, "0123abcd"),
        folder / ".srcore-0123456789ab.png",
        folder / ".srcore-note",
    ]
    for path in kept:
        path.write_bytes(b"x")
    with writing(folder / "a.png") as own:
        assert list(leftovers(folder)) == []
        assert set(folder.iterdir()) == {own, *kept}
