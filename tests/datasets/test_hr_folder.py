import numpy as np
import pytest

from srcore.datasets.hr_folder import HrFolder
from srcore.errors import DataError
from srcore.images import write_image
from srcore.transforms.resize import resize_uint8


@pytest.fixture
def folder(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (61, 74, 3), dtype=np.uint8)
    write_image(tmp_path / "a.png", image)
    return tmp_path


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("downscale", ["matlab", "matlab_uint8", "opencv"])
def test_lr_of_a_crop_is_the_crop_of_the_lr(folder, scale, downscale):
    whole = HrFolder(scale=scale, hr=folder, downscale=downscale).sample(0, None)
    dataset = HrFolder(
        scale=scale, hr=folder, downscale=downscale, hr_patch_size=2 * scale, flip=False,
        rotate=False,
    )  # fmt: skip
    height, width = whole["lr"].shape[:2]
    for seed in range(60):
        sample = dataset.sample(0, np.random.default_rng(seed))
        matches = [
            (top, left)
            for top in range(height - 1)
            for left in range(width - 1)
            if np.array_equal(whole["lr"][top : top + 2, left : left + 2], sample["lr"])
        ]
        assert any(
            np.array_equal(
                whole["hr"][top * scale : (top + 2) * scale, left * scale : (left + 2) * scale],
                sample["hr"],
            )
            for top, left in matches
        )


def test_whole_images_are_cut_to_the_scale_before_shrinking(folder):
    sample = HrFolder(scale=4, hr=folder).sample(0, None)
    assert sample["hr"].shape == (60, 72, 3)
    expected = resize_uint8(sample["hr"], size=(15, 18), dialect="matlab")
    np.testing.assert_array_equal(sample["lr"], expected)


def test_lr_can_be_left_to_transforms(folder):
    dataset = HrFolder(scale=4, hr=folder, downscale="none", hr_patch_size=16)
    sample = dataset.sample(0, np.random.default_rng(0))
    assert {name: image.shape for name, image in sample.items()} == {"hr": (16, 16, 3)}


def test_lr_and_hr_are_laid_alike(folder):
    dataset = HrFolder(scale=2, hr=folder, downscale="matlab", hr_patch_size=60)
    for seed in range(16):
        sample = dataset.sample(0, np.random.default_rng(seed))
        expected = resize_uint8(sample["hr"], size=(30, 30), dialect="matlab")
        inner = np.s_[4:-4, 4:-4]  # the crop's border has neighbours in the image
        difference = sample["lr"][inner].astype(int) - expected[inner]
        assert np.abs(difference).max() <= 1


def test_tiny_image_is_named(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((3, 9, 3), np.uint8))
    with pytest.raises(DataError, match=r"a\.png: a side is smaller than scale = 4"):
        HrFolder(scale=4, hr=tmp_path).sample(0, None)


def test_scale_one_gives_equal_images(folder):
    sample = HrFolder(scale=1, hr=folder).sample(0, None)
    np.testing.assert_array_equal(sample["lr"], sample["hr"])
