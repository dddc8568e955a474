from pathlib import Path

from srcore.files.user_cache import cached_about, user_cache


def test_it_lies_where_the_variable_says_else_in_the_home(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert user_cache("scans") == Path("/somewhere/srcore/scans")
    for nothing in (
        lambda: monkeypatch.setenv("XDG_CACHE_HOME", ""),
        lambda: monkeypatch.delenv("XDG_CACHE_HOME"),
    ):
        nothing()
        assert user_cache() == Path.home() / ".cache/srcore"


def test_a_file_or_folder_has_one_place_by_whatever_name(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    place = cached_about(tmp_path / "a", "scans", ".sqlite")
    assert (place.parent, place.suffix) == (Path("/somewhere/srcore/scans"), ".sqlite")
    assert place == cached_about(tmp_path / "link", "scans", ".sqlite")
    assert place != cached_about(tmp_path, "scans", ".sqlite")
