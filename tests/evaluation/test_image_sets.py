import numpy as np
import pytest

from srcore.errors import DataError
from srcore.evaluation.image_sets import find_sets, paired_set, told_apart
from srcore.images import write_image
from srcore.transforms.resize import resize_uint8


def _hr(seed, height=24, width=20):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def _make(folder, hr_name, lr_name=None, suffix="", *, scale=2, names=("a", "b")):
    for seed, name in enumerate(names):
        write_image(folder / hr_name / f"{name}.png", _hr(seed), durable=False)
        if lr_name:
            lr = resize_uint8(_hr(seed), scale=1 / scale)
            write_image(folder / lr_name / f"{name}{suffix}.png", lr, durable=False)


@pytest.mark.parametrize(
    ("hr_name", "lr_name", "suffix"),
    [
        ("HR_x2", "LR_x2", ""),
        ("GTmod12", "LRbicx2", ""),
        ("HR", "LR_bicubic/X2", "x2"),
        ("HR", "LR_bicubic/X2", ""),
        ("DIV2K_valid_HR", "DIV2K_valid_LR_bicubic/X2", "x2"),
        ("HR", "LR", ""),
    ],
)
def test_layouts_of_the_field_are_recognized(tmp_path, hr_name, lr_name, suffix):
    _make(tmp_path, hr_name, lr_name, suffix)
    (image_set,) = find_sets(f"Some={tmp_path}", 2)
    assert (image_set.name, image_set.scale, len(image_set)) == ("Some", 2, 2)
    lr, hr = image_set.pair(1)
    np.testing.assert_array_equal(hr, _hr(1))
    np.testing.assert_array_equal(lr, resize_uint8(_hr(1), scale=0.5))


@pytest.mark.parametrize("hr_name", [".", "HR", "GTmod12"])
def test_without_low_resolution_images_they_are_made(tmp_path, hr_name):
    _make(tmp_path, hr_name)
    (image_set,) = find_sets(str(tmp_path), 3)
    lr, hr = image_set.pair(0)
    assert hr.shape == (24, 18, 3)
    np.testing.assert_array_equal(lr, resize_uint8(_hr(0)[:24, :18], size=(8, 6)))
    assert "made from HR" in image_set.origin


def test_a_folder_of_sets_stands_for_all_that_have_the_scale(tmp_path):
    _make(tmp_path / "Set10", "HR_x2", "LR_x2")
    _make(tmp_path / "Set9", "HR_x2", "LR_x2")
    _make(tmp_path / "Other", "HR_x4", "LR_x4", scale=4)
    assert [it.name for it in find_sets(str(tmp_path), 2)] == ["Set9", "Set10"]


def test_two_folders_are_paired_by_name(tmp_path):
    _make(tmp_path, "truth", "small", "x2")
    image_set = paired_set(tmp_path / "truth", tmp_path / "small", 2)
    assert (image_set.name, image_set.origin, len(image_set)) == ("truth", "truth and small", 2)


def test_what_is_no_set_is_explained(tmp_path):
    with pytest.raises(DataError, match="--data nowhere: expected a folder; nowhere does not"):
        find_sets("nowhere", 2)
    with pytest.raises(DataError, match=r"no images for scale 4; expected images, HR_x4 and LR_x4"):
        find_sets(str(tmp_path), 4)


def test_a_missing_partner_and_a_wrong_size_are_named(tmp_path):
    _make(tmp_path, "HR_x2", "LR_x2")
    write_image(tmp_path / "LR_x2" / "b.png", np.zeros((3, 3, 3), np.uint8))
    (image_set,) = find_sets(str(tmp_path), 2)
    with pytest.raises(DataError, match=r"b\.png.*3x3 pixels"):
        image_set.pair(1)
    (tmp_path / "LR_x2" / "b.png").unlink()
    with pytest.raises(DataError, match="no partner for 1 of 2"):
        find_sets(str(tmp_path), 2)


def test_sixteen_bits_are_measured_as_eight(tmp_path):
    image = np.full((8, 8, 3), 65535, np.uint16)
    image[0, 0] = 257 * 40
    write_image(tmp_path / "a.png", image)
    (image_set,) = find_sets(str(tmp_path), 2)
    _, hr = image_set.pair(0)
    assert hr.dtype == np.uint8
    assert (hr[0, 0, 0], hr[5, 5, 0]) == (40, 255)


def test_sets_of_one_name_are_told_apart(tmp_path):
    for folder in ("x/Set5", "y/Set5", "y/Set14"):
        _make(tmp_path / folder, "HR")
    sets = [*find_sets(str(tmp_path / "x"), 2), *find_sets(str(tmp_path / "y"), 2)]
    different = told_apart(sets)
    assert sorted(entry.name for entry in different) == ["Set14", "Set5", "Set5_2"]
    (second,) = [entry for entry in different if entry.name == "Set5_2"]
    assert second.origin.endswith(f", from {tmp_path / 'y/Set5/HR'}")


def test_images_of_one_stem_have_names_of_their_own(tmp_path):
    _make(tmp_path, ".", names=("a", "b"))
    write_image(tmp_path / "a.jpg", _hr(3))
    (image_set,) = find_sets(str(tmp_path), 2)
    assert {image_set.dataset.name(index) for index in range(3)} == {"a_jpg", "a_png", "b"}
