from pathlib import Path

from srcore.files.user_cache import user_cache


def test_it_lies_where_the_variable_says_else_in_the_home(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert user_cache("scans") == Path("/somewhere/srcore/scans")
    for nothing in (
        lambda: monkeypatch.setenv("XDG_CACHE_HOME", ""),
        lambda: monkeypatch.delenv("XDG_CACHE_HOME"),
    ):
        nothing()
        assert user_cache() == Path.home() / ".cache/srcore"
