import pytest

from srcore.errors import DataError
from srcore.scanning import lists, policy
from srcore.scanning.lists import image_lists, paired_lists, scan_of
from srcore.scanning.policy import ScanPolicy, scanning_by
from srcore.testing import write_tiny_images


def test_files_of_one_name_pair_with_their_own_folder(two_sets_of_pairs):
    hr, lr = ([two_sets_of_pairs / place / kind for place in "ab"] for kind in ("hr", "lr"))
    hr_files, lr_files = paired_lists(hr, lr, "{}", None)
    pairs = list(zip(hr_files, lr_files, strict=True))
    assert len(pairs) == 4
    assert all(hr.parts[-3] == lr.parts[-3] and hr.name == lr.name for hr, lr in pairs)


def test_as_many_folders_on_both_sides(two_sets_of_pairs):
    with pytest.raises(DataError, match=r"as many folders as hr has \(2\).*found 1"):
        paired_lists(
            [two_sets_of_pairs / "a" / "hr", two_sets_of_pairs / "b" / "hr"],
            two_sets_of_pairs / "a" / "lr",
            "{}",
            None,
        )


def test_what_several_folders_say_comes_in_their_order(two_sets_of_pairs):
    files = image_lists([two_sets_of_pairs / "b" / "hr", two_sets_of_pairs / "a" / "lr"], None)
    assert [len(below) for below in files] == [2, 2]
    assert len(scan_of(files).sizes) == 4


@pytest.fixture
def calls(monkeypatch):
    """Folders that were listed."""
    seen, real = [], lists.files_in

    def noting(named, *given, **keywords):
        seen.append(named)
        return real(named, *given, **keywords)

    monkeypatch.setattr(lists, "files_in", noting)
    return seen


def test_large_lists_are_made_once_in_a_block_and_small_ones_each_time(
    tmp_path, calls, monkeypatch
):
    monkeypatch.setattr(policy, "_WORTH_REMEMBERING", 3)
    folder = write_tiny_images(tmp_path / "hr", 2)
    with scanning_by(ScanPolicy()):
        for _ in range(2):
            assert len(image_lists(folder, None)[0]) == 2
        write_tiny_images(folder, 4)
        first = image_lists(folder, None)
        assert image_lists((folder,), None) is first
        assert scan_of(first) is scan_of(first)
        assert image_lists(folder, None, recursive=True) is not first
        monkeypatch.setattr(policy.time, "monotonic", lambda: 10.0**9)
        assert image_lists(folder, None) is not first
    calls.clear()
    image_lists(folder, None)
    image_lists(folder, None)
    assert len(calls) == 2
