"""Several folders that are read as one."""

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import files_in, folders_complaint, write_image


@pytest.fixture
def two(tmp_path):
    """Two sets of pairs; ``1`` is in both, ``2`` and ``3`` in one."""
    for place, names in (("a", "12"), ("b", "13")):
        for kind, side in (("hr", 4), ("lr", 2)):
            for name in names:
                image = np.full((side, side, 3), ord(place) + int(name), np.uint8)
                write_image(tmp_path / place / kind / f"{name}.png", image, durable=False)
    return tmp_path


def test_images_come_folder_by_folder(two):
    listed = files_in((two / "a" / "hr", two / "b" / "hr"), None)
    shown = [[path.relative_to(two).as_posix() for path in files] for files in listed]
    assert shown == [["a/hr/1.png", "a/hr/2.png"], ["b/hr/1.png", "b/hr/3.png"]]


def test_a_list_names_images_of_any_folder(two):
    folders = two / "a" / "hr", two / "b" / "hr"
    listed = two / "list.txt"
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


def test_no_image_counts_twice(two):
    with pytest.raises(DataError, match=r"1\.png.*in two of the folders"):
        files_in((two, two / "a"), None, recursive=True)


def test_lists_are_refused_that_name_nothing_or_one_folder_twice(two):
    assert "found an empty list" in folders_complaint(())
    assert "every folder once" in folders_complaint((two, two / "a" / ".." / "a", two / "a"))
    assert folders_complaint((two, two / "a")) == ""
