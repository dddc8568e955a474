"""Several folders that are read as one."""

import pytest

from srcore.errors import DataError
from srcore.images import files_in, folders_complaint


def test_images_come_folder_by_folder(two_sets_of_pairs):
    listed = files_in((two_sets_of_pairs / "a" / "hr", two_sets_of_pairs / "b" / "hr"), None)
    shown = [[path.relative_to(two_sets_of_pairs).as_posix() for path in files] for files in listed]
    assert shown == [["a/hr/1.png", "a/hr/2.png"], ["b/hr/1.png", "b/hr/3.png"]]


def test_a_list_names_images_of_any_folder(two_sets_of_pairs):
    folders = two_sets_of_pairs / "a" / "hr", two_sets_of_pairs / "b" / "hr"
    listed = two_sets_of_pairs / "list.txt"
    listed.write_text("3.png\n2.png\n")
    assert [[path.name for path in files] for files in files_in(folders, listed)] == [
        ["2.png"],
        ["3.png"],
    ]
    listed.write_text("4.png\n")
    with pytest.raises(DataError, match=r"4\.png of .*list\.txt not found in any of them"):
        files_in(folders, listed)
    listed.write_text("1.png\n")
    with pytest.raises(DataError, match=r"1\.png of .*list\.txt lie in several of them"):
        files_in(folders, listed)


def test_no_image_counts_twice(two_sets_of_pairs):
    with pytest.raises(DataError, match=r"1\.png.*in two of the folders"):
        files_in((two_sets_of_pairs, two_sets_of_pairs / "a"), None, recursive=True)


def test_lists_are_refused_that_name_nothing_or_one_folder_twice(two_sets_of_pairs):
    assert "found an empty list" in folders_complaint(())
    assert "every folder once" in folders_complaint(
        (two_sets_of_pairs, two_sets_of_pairs / "a" / ".." / "a", two_sets_of_pairs / "a")
    )
    assert folders_complaint((two_sets_of_pairs, two_sets_of_pairs / "a")) == ""
