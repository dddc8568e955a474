"""Images that are smaller than the crop go on as in a mirror; all others stay as they are."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from srcore.datasets.hr_folder import HrFolder
from srcore.datasets.options import HrFolderOptions, PairedFolderOptions
from srcore.datasets.paired_folder import PairedFolder
from srcore.datasets.unpaired_folders import UnpairedFolders
from srcore.errors import DataError
from srcore.images import write_image
from srcore.transforms.resize import resize_uint8


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def dataset(path, **options):
    still = {"scale": 2, "hr_patch_size": 32, "flip": False, "rotate": False}
    return HrFolder(hr=path, **(still | options))


@pytest.mark.parametrize("size", [(20, 40), (40, 10), (3, 5), (31, 22)])
def test_padding_is_that_of_the_published_loaders(tmp_path, size):
    image = noise(*size)
    write_image(tmp_path / "a.png", image)
    cut = [side - side % 2 if side < 32 else side for side in size]
    whole = cv2.copyMakeBorder(
        image[: cut[0], : cut[1]],
        0,
        max(0, 32 - cut[0]),
        0,
        max(0, 32 - cut[1]),
        cv2.BORDER_REFLECT_101,
    )
    sample = dataset(tmp_path, min_size="pad").sample(0, np.random.default_rng(0))
    assert sample["hr"].shape == (32, 32, 3)
    places = [
        whole[top : top + 32, left : left + 32]
        for top in range(0, whole.shape[0] - 31, 2)
        for left in range(0, whole.shape[1] - 31, 2)
    ]
    assert any(np.array_equal(sample["hr"], place) for place in places)


def test_lr_is_made_of_the_padded_image(tmp_path):
    write_image(tmp_path / "a.png", noise(20, 24))
    sample = dataset(tmp_path, min_size="pad").sample(0, np.random.default_rng(0))
    np.testing.assert_array_equal(sample["lr"], resize_uint8(sample["hr"], size=(16, 16)))


def test_large_images_and_the_default_stay_as_they_are(tmp_path):
    write_image(tmp_path / "a.png", noise(50, 60))
    for seed in range(3):
        plain, padding = (
            dataset(tmp_path, **options).sample(0, np.random.default_rng(seed))
            for options in ({}, {"min_size": "pad"})
        )
        np.testing.assert_array_equal(plain["hr"], padding["hr"])
        np.testing.assert_array_equal(plain["lr"], padding["lr"])
    write_image(tmp_path / "a.png", noise(20, 60))
    with pytest.raises(DataError, match="smaller than the crop"):
        dataset(tmp_path).sample(0, np.random.default_rng(0))


def test_pairs_stay_aligned(tmp_path):
    lr = noise(9, 12)
    write_image(tmp_path / "lr/a.png", lr)
    write_image(tmp_path / "hr/a.png", lr.repeat(2, 0).repeat(2, 1))
    pairs = PairedFolder(
        scale=2, hr=tmp_path / "hr", lr=tmp_path / "lr", hr_patch_size=40, min_size="pad"
    )
    sample = pairs.sample(0, np.random.default_rng(1))
    assert sample["lr"].shape == (20, 20, 3)
    np.testing.assert_array_equal(sample["hr"], sample["lr"].repeat(2, 0).repeat(2, 1))


def test_unpaired_images_are_padded_each_to_its_crop(tmp_path):
    write_image(tmp_path / "lr/a.png", noise(9, 12))
    write_image(tmp_path / "hr/b.png", noise(11, 50))
    images = UnpairedFolders(
        scale=2, hr=tmp_path / "hr", lr=tmp_path / "lr", hr_patch_size=32, min_size="pad"
    )
    sample = images.sample(0, np.random.default_rng(0))
    assert (sample["hr"].shape, sample["lr"].shape) == ((32, 32, 3), (16, 16, 3))


def test_an_image_without_one_low_resolution_pixel_stays_an_error(tmp_path):
    write_image(tmp_path / "a.png", noise(1, 40))
    with pytest.raises(DataError, match=r"a\.png"):
        dataset(tmp_path, min_size="pad").sample(0, np.random.default_rng(0))


def test_the_check_lets_small_images_pass(tmp_path):
    write_image(tmp_path / "hr/a.png", noise(20, 20))
    write_image(tmp_path / "lr/a.png", noise(10, 10))
    for cls, more in ((HrFolderOptions, {}), (PairedFolderOptions, {"lr": tmp_path / "lr"})):
        for min_size, count in (("error", 1), ("pad", 0)):
            options = cls(hr=tmp_path / "hr", hr_patch_size=32, min_size=min_size, **more)
            assert len(list(options.problems(SimpleNamespace(scale=2)))) == count
