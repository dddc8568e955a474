"""Inputs are never replaced by outputs, by whatever names both are called."""

import os

import pytest

from srcore.files.replacing import (
    ReplacedInputError,
    file_key,
    refuse_replacing,
    refuse_sharing,
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """``in/a.png`` and ``link`` -> ``in``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").write_bytes(b"original")
    (tmp_path / "link").symlink_to("in")
    (tmp_path / "a-link.png").symlink_to("in/a.png")
    os.link("in/a.png", "hard.png")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["in/a.png", "link/a.png", "in/../in/a.png", "link/../in/a.png", "a-link.png", "hard.png"],
)
def test_one_file_has_one_key_by_all_its_names(place, name):
    assert file_key(place / name) == file_key(place / "in" / "a.png")
    with pytest.raises(ReplacedInputError, match="no input is replaced by an output"):
        refuse_replacing([place / "in/a.png"], [place / "other.png", place / name])


@pytest.mark.parametrize("name", ["link/new.png", "in/../in/new.png", "link/../in/new.png"])
def test_a_file_to_be_written_has_one_key_too(place, name):
    assert file_key(place / name) == file_key(place / "in/new.png")
    assert file_key(place / name) != file_key(place / "new.png")


def test_case_counts_where_the_system_says_so(place, monkeypatch):
    assert file_key(place / "New.png") != file_key(place / "new.png")
    monkeypatch.setattr("sys.platform", "darwin")
    assert file_key(place / "New.png") == file_key(place / "new.png")


def test_two_outputs_in_one_file_are_named(place):
    with pytest.raises(ReplacedInputError, match=r"link/b.png \(csv and json\); name different"):
        refuse_sharing([(place / "in/b.png", "csv"), (place / "link/b.png", "json")])
    refuse_sharing([(place / "in/b.png", "csv"), (place / "b.png", "csv")])
