"""Pictures lie in a folder of their own; what a killed server left is removed by the next one."""

import os
import subprocess
import sys

import pytest

from srcore.errors import DataError
from srcore.files.atomic import temporary_neighbor
from srcore.serving.folder import temporary_folder


@pytest.fixture(autouse=True)
def own_place(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_it_is_the_users_own_and_goes_with_all_that_is_in_it(tmp_path):
    with temporary_folder() as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").mkdir()
        (folder / "a" / "picture").write_bytes(b"")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_goes_and_nothing_else(tmp_path):
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    mine = temporary_neighbor(tmp_path / "pictures.serve")
    left = tmp_path / mine.name.replace(f"-{os.getpid()}-", f"-{gone}-")
    kept = [mine, tmp_path / "photos", left.with_suffix(".png"), tmp_path / "a.serve"]
    for folder in (left, *kept):
        folder.mkdir()
    with temporary_folder():
        pass
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with (
        pytest.raises(DataError, match="none: cannot be written: No such file"),
        temporary_folder(),
    ):
        pass
