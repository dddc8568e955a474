"""Files of a folder and of those below it."""

import os

import pytest

from srcore.images.walking import files_and_folders, files_of, identity


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("one", "a/two", "a/b/three", ".hidden"):
        (tmp_path / name).touch()
    return tmp_path


def names(folder, **keywords):
    return sorted(it.relative_to(folder).as_posix() for it in files_of(folder, **keywords))


def test_folders_below_are_searched_if_asked_and_hidden_files_count(tree):
    assert names(tree) == [".hidden", "one"]
    assert names(tree, recursive=True) == [".hidden", "a/b/three", "a/two", "one"]


def test_the_folder_itself_comes_first(tree):
    entries = list(files_and_folders(tree, recursive=True))
    assert entries[0].path == tree
    assert sorted(it.path.name for it in entries if it.is_folder) == sorted([tree.name, "a", "b"])


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_followed_but_never_in_circles(tree):
    (tree / "a/back").symlink_to(tree)
    (tree / "again").symlink_to(tree / "a/b")
    (tree / "nowhere").symlink_to(tree / "not here")
    (tree / "itself").symlink_to(tree / "itself")
    assert names(tree, recursive=True) == [
        ".hidden",
        "a/b/three",
        "a/two",
        "again/three",
        "itself",
        "nowhere",
        "one",
    ]
    assert identity(tree / "again") == identity(tree / "a/b")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_pipes_are_no_files(tree):
    os.mkfifo(tree / "pipe")
    (tree / "to pipe").symlink_to(tree / "pipe")
    assert names(tree) == [".hidden", "one"]


def test_a_folder_that_is_not_there_is_an_error_and_one_below_may_be_passed_over(tree, monkeypatch):
    with pytest.raises(FileNotFoundError):
        list(files_of(tree / "not here", on_error=print))
    scandir, seen = os.scandir, []

    def refusing(folder):
        if str(folder).endswith("b"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    assert names(tree, recursive=True, on_error=seen.append) == [".hidden", "a/two", "one"]
    assert [type(it) for it in seen] == [PermissionError]
    with pytest.raises(PermissionError):
        names(tree, recursive=True)
