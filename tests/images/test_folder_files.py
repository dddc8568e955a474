import pickle
from pathlib import Path

import pytest

from srcore.images.folder_files import FolderFiles, JoinedFiles, PackedNames, packed


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1000])
def test_packed_names_are_the_names(count):
    names = [f"deep/{number}\udcff é.png" for number in range(count)]
    kept = PackedNames(names)
    assert list(kept) == names
    assert len(kept) == count
    assert [kept[number] for number in reversed(range(count))] == names[::-1]
    assert kept[-3:] == names[-3:]
    assert list(pickle.loads(pickle.dumps(kept))) == names
    for number in (count, -count - 1):
        with pytest.raises(IndexError, match="range"):
            kept[number]


def test_only_many_names_are_packed():
    few, many = ["a"] * 9_999, [str(number) for number in range(10_000)]
    assert packed(few) is few
    kept = packed(many)
    assert isinstance(kept, PackedNames)
    assert packed(kept) is kept
    assert list(kept) == many


def test_files_are_paths_below_their_folder():
    files = FolderFiles(Path("hr"), ["1.png", "deep/2.png"])
    assert list(files) == [Path("hr/1.png"), Path("hr/deep/2.png")]
    assert list(files.texts()) == ["hr/1.png", "hr/deep/2.png"]
    assert files[-1] == Path("hr/deep/2.png")
    assert list(files[:1]) == [Path("hr/1.png")]


def test_files_of_several_folders_follow_one_another():
    parts = [
        FolderFiles(Path("a"), ["1", "2"]),
        FolderFiles(Path("b"), []),
        FolderFiles(Path("c"), ["3"]),
    ]
    files = JoinedFiles(parts)
    assert len(files) == 3
    assert (
        [files[number] for number in range(3)]
        == list(files)
        == [Path("a/1"), Path("a/2"), Path("c/3")]
    )
    assert files[-1] == Path("c/3")
    assert files[1:] == [Path("a/2"), Path("c/3")]
    assert list(files.texts()) == ["a/1", "a/2", "c/3"]
    assert len(JoinedFiles([])) == 0
    with pytest.raises(IndexError, match="range"):
        files[3]
