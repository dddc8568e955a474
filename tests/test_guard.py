"""The guard of files itself: what it sees, and that it sees what children do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

GUARD = sys.modules["srcore_test_guard"]
ROOT = Path(GUARD.ROOT)


@pytest.mark.parametrize(
    ("event", "arguments", "seen"),
    [
        ("open", ("x", "r", os.O_RDONLY), []),
        ("open", ("x", "rb", os.O_RDONLY | os.O_CLOEXEC), []),
        ("open", ("x", "w", os.O_WRONLY | os.O_CREAT), ["x"]),
        ("open", ("x", "r+", os.O_RDWR), ["x"]),
        ("open", (b"x", None, os.O_WRONLY), ["x"]),
        ("open", (3, "w", 0), [None]),
        ("open", ("link/x", "a", 0), ["folder/x"]),
        ("os.remove", ("link", -1), ["link"]),
        ("os.rename", ("link/x", "y", -1, -1), ["folder/x", "y"]),
        ("os.mkdir", ("new/", 0o777, -1), ["new"]),
        ("os.symlink", ("anywhere", "here", -1), ["here"]),
        ("os.link", ("anywhere", "here", -1, -1), ["here"]),
        ("os.truncate", ("link/x", 0), ["folder/x"]),
        ("os.listdir", ("x",), []),
    ],
)
def test_what_is_about_to_change(tmp_path, monkeypatch, event, arguments, seen):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    here = os.path.realpath(tmp_path)
    expected = [path and os.path.join(here, path) for path in seen]
    assert GUARD.offences(event, arguments) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors have names on Linux only")
def test_names_in_an_open_folder_are_found(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        result = GUARD.offences("os.rmdir", ("x", descriptor))
    finally:
        os.close(descriptor)
    assert result == [os.path.join(os.path.realpath(tmp_path), "x")]


def test_only_temporary_and_cache_folders_may_change(tmp_path):
    places = GUARD.allowed_places()
    assert GUARD.is_allowed(str(tmp_path / "x"), places)
    assert GUARD.is_allowed("/dev/null", places)
    assert GUARD.is_allowed(str(ROOT / "srcore/__pycache__/x.pyc"), places)
    assert not GUARD.is_allowed(str(ROOT / "runs/x"), places)
    assert not GUARD.is_allowed(str(ROOT), (*places, str(ROOT.parent)))
    assert not GUARD.is_allowed("/etc/passwd", places)
    assert not GUARD.is_allowed("/tmpx", ("/tmp",))


@pytest.mark.parametrize(
    "code",
    [
        "open('/nowhere/x', 'w')",
        "import os; os.mkdir('/nowhere/x')",
        "import pathlib; pathlib.Path('/nowhere/x').unlink()",
        "import os; os.fork() or open('/nowhere/x', 'w'); os.wait()",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'open(\"/nowhere/x\", \"w\")'])",
    ],
    ids=["open", "mkdir", "remove", "forked", "started"],
)
def test_what_children_do_is_seen(tmp_path, code):
    report = tmp_path / "report"
    environment = {**os.environ, GUARD.REPORT: str(report)}
    subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert [line.split()[1] for line in report.read_text().splitlines()] == ["/nowhere/x"]
