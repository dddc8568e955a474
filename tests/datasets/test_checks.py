import os
import time
from types import SimpleNamespace

import numpy as np
import pytest

from srcore.datasets.options import (
    HrFolderOptions,
    LmdbOptions,
    LrFolderOptions,
    PairedFolderOptions,
    UnpairedFoldersOptions,
)
from srcore.images import write_image
from srcore.options.declaration import InvalidOptionError
from srcore.prepare.lmdb import prepare_lmdb


def found(options, scale=2):
    return list(options.problems(SimpleNamespace(scale=scale)))


def image(path, height, width):
    write_image(path, np.zeros((height, width, 3), np.uint8), durable=False)


def test_good_pairs_have_no_problems(pair_folders):
    hr, lr = pair_folders
    assert found(PairedFolderOptions(hr=hr, lr=lr, hr_patch_size=8)) == []


def test_every_pair_that_does_not_fit_is_listed(pair_folders):
    hr, lr = pair_folders
    problems = found(PairedFolderOptions(hr=hr, lr=lr), scale=3)
    assert [key for key, _ in problems] == ["lr"] * 3
    expected = f"{lr / '0.png'}: 15x12 pixels (width x height) for 30x24; expected 10x8 at scale 3"
    assert problems[0][1] == expected


def test_missing_partners_are_listed_on_both_sides(pair_folders):
    hr, lr = pair_folders
    image(lr / "extra.png", 4, 4)
    assert found(PairedFolderOptions(hr=hr, lr=lr)) == [
        ("hr", f"{hr}: no partner for 1 images of {lr}: extra.png")
    ]
    (lr / "1.png").unlink()
    [(key, message)] = found(PairedFolderOptions(hr=hr, lr=lr))
    assert key == "lr"
    assert "no partner for 1 of 3 images" in message


def test_unreadable_files_are_listed_with_the_rest(pair_folders):
    hr, lr = pair_folders
    (hr / "0.png").write_bytes(b"")
    (lr / "1.png").write_text("text")
    problems = found(PairedFolderOptions(hr=hr, lr=lr))
    assert problems == [
        ("hr", f"{hr / '0.png'}: the file is empty"),
        ("lr", f"{lr / '1.png'}: not an image (or of an unknown format)"),
    ]


def test_images_smaller_than_the_crop_are_listed(pair_folders):
    hr, lr = pair_folders
    problems = found(PairedFolderOptions(hr=hr, lr=lr, hr_patch_size=22))
    assert problems == [
        (
            "hr",
            f"{hr / '1.png'}: 20x20 pixels (width x height), smaller than the crop of 22x22; "
            "leave it out or crop less",
        )
    ]


@pytest.mark.parametrize(("size", "use"), [(9, 8), (1, 2)])
def test_patch_size_must_be_a_multiple_of_the_scale(pair_folders, size, use):
    hr, lr = pair_folders
    problems = found(PairedFolderOptions(hr=hr, lr=lr, hr_patch_size=size))
    expected = f"expected a multiple of scale = 2, found {size}; use {use}"
    assert problems == [("hr_patch_size", expected)]


def test_template_needs_one_place_for_the_stem(pair_folders):
    hr, lr = pair_folders
    for name in ("x4", "{}{}"):
        with pytest.raises(InvalidOptionError, match=r"lr_name: expected a name with one \{\}"):
            PairedFolderOptions(hr=hr, lr=lr, lr_name=name)


def test_empty_folders_are_named(tmp_path, pair_folders):
    hr, lr = pair_folders
    empty = tmp_path / "empty"
    empty.mkdir()
    for options, key in (
        (PairedFolderOptions(hr=empty, lr=lr), "hr"),
        (PairedFolderOptions(hr=hr, lr=empty), "lr"),
        (HrFolderOptions(hr=empty), "hr"),
        (LrFolderOptions(lr=empty), "lr"),
        (UnpairedFoldersOptions(hr=empty, lr=lr), "hr"),
        (UnpairedFoldersOptions(hr=hr, lr=empty), "lr"),
    ):
        [(found_key, message)] = found(options)
        assert found_key == key
        assert message.startswith(f"{empty}: no images")


def test_missing_folders_are_left_to_the_check_of_paths(tmp_path):
    gone = tmp_path / "gone"
    assert found(PairedFolderOptions(hr=gone, lr=gone)) == []
    assert found(HrFolderOptions(hr=gone)) == []
    assert found(LmdbOptions(hr=gone)) == []


def test_small_images_of_single_and_unpaired_folders_are_listed(tmp_path):
    image(tmp_path / "hr" / "a.png", 40, 12)
    image(tmp_path / "lr" / "b.png", 40, 3)
    [(key, message)] = found(HrFolderOptions(hr=tmp_path / "hr", hr_patch_size=16), scale=4)
    assert key == "hr"
    assert "a.png: 12x40 pixels (width x height), smaller than the crop of 16x16" in message
    options = UnpairedFoldersOptions(hr=tmp_path / "hr", lr=tmp_path / "lr", hr_patch_size=16)
    assert [key for key, _ in found(options, scale=4)] == ["hr", "lr"]
    [(_, message)] = found(HrFolderOptions(hr=tmp_path / "hr"), scale=16)
    assert "smaller than one low-resolution pixel" in message


def test_meta_info_is_checked(pair_folders, tmp_path):
    hr, lr = pair_folders
    meta = tmp_path / "meta.txt"
    meta.write_text("1.png (20,20,3)\n")
    assert found(PairedFolderOptions(hr=hr, lr=lr, meta_info=meta)) == []
    meta.write_text("1.png (20,20,3)\n7.png (20,20,3)\n")
    [(key, message)] = found(HrFolderOptions(hr=hr, meta_info=meta))
    assert key == "hr"
    assert message.startswith(f"{hr}: 7.png of {meta} not found")


def test_lmdb_folders_are_checked_by_their_lists(pair_folders, tmp_path):
    for folder in pair_folders:
        prepare_lmdb(folder, tmp_path / f"{folder.name}.lmdb")
    hr, lr = tmp_path / "hr.lmdb", tmp_path / "lr.lmdb"
    assert found(LmdbOptions(hr=hr, lr=lr, hr_patch_size=8)) == []
    assert len(found(LmdbOptions(hr=hr, lr=lr), scale=3)) == 3
    assert [key for key, _ in found(LmdbOptions(hr=hr, cache="disk"))] == ["cache"]
    assert [key for key, _ in found(LmdbOptions(hr=hr, hr_patch_size=22))] == ["hr"]
    meta = lr / "meta_info.txt"
    meta.write_text(meta.read_text().replace("1.png", "other.png"))
    problems = found(LmdbOptions(hr=hr, lr=lr))
    assert problems == [
        ("lr", f"{lr}: no partner for 1 images: 1"),
        ("hr", f"{hr}: no partner for 1 images: other"),
    ]
    meta.write_text("no size\n")
    [(_, message)] = found(LmdbOptions(hr=hr, lr=lr))
    assert message == f'{meta}: expected lines name (h,w,c), found "no size"'
    [(_, message)] = found(LmdbOptions(hr=pair_folders[0]))
    assert "expected an LMDB folder" in message


def test_six_hundred_headers_take_less_than_a_second(tmp_path):
    image(tmp_path / "hr" / "0.png", 24, 24)
    image(tmp_path / "lr" / "0.png", 12, 12)
    for number in range(1, 300):
        for kind in ("hr", "lr"):
            os.link(tmp_path / kind / "0.png", tmp_path / kind / f"{number}.png")
    options = PairedFolderOptions(hr=tmp_path / "hr", lr=tmp_path / "lr")
    start = time.thread_time(), time.perf_counter()
    assert found(options) == []
    # Waiting for a busy machine does not count, so the smaller of both clocks is taken.
    assert min(time.thread_time() - start[0], time.perf_counter() - start[1]) < 1
