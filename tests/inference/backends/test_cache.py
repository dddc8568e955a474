import os

import pytest

from srcore.inference.backends import cache
from srcore.inference.backends.cache import kept_contents, programs_folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def never():
    pytest.fail("recorded again")


def test_what_was_recorded_is_read_again():
    assert kept_contents("a", lambda: [b"one", b""]) == [b"one", b""]
    assert kept_contents("a", never) == [b"one", b""]
    assert kept_contents("b", lambda: [b"two"]) == [b"two"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half of it"])
def test_a_damaged_file_is_made_anew(content):
    kept_contents("a", lambda: [b"one"])
    (programs_folder() / "a.zip").write_bytes(content)
    assert kept_contents("a", lambda: [b"again"]) == [b"again"]
    assert kept_contents("a", never) == [b"again"]


def test_without_a_folder_that_can_be_written_it_works(tmp_path):
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert kept_contents("a", lambda: [b"one"]) == [b"one"]


def test_those_that_were_used_last_are_kept(monkeypatch):
    monkeypatch.setattr(cache, "_KEPT", 2)
    for age, name in ((30, "a"), (20, "b")):
        kept_contents(name, lambda name=name: [name.encode()])
        path = programs_folder() / f"{name}.zip"
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    kept_contents("a", never)
    kept_contents("c", lambda: [b"c"])
    assert sorted(path.name for path in programs_folder().iterdir()) == ["a.zip", "c.zip"]
