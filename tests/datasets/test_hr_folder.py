import numpy as np
import pytest
import scipy.ndimage
import torch

from srcore.datasets.hr_folder import HrFolder
from srcore.datasets.options import HrFolderOptions
from srcore.errors import DataError
from srcore.images import write_image
from srcore.options.declaration import InvalidOptionError
from srcore.transforms.resize import resize, resize_uint8


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
        scale=scale,
        hr=folder,
        downscale=downscale,
        hr_patch_size=2 * scale,
        flip=False,
        rotate=False,
    )
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


@pytest.mark.parametrize(("scale", "size"), [(3, 7), (2, 7), (4, 31)])
def test_blur_is_that_of_the_whole_image(folder, scale, size):
    keys = {"scale": scale, "hr": folder, "blur_sigma": 1.6, "blur_size": size}
    whole = HrFolder(**keys).sample(0, None)
    kernel = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * 1.6**2))
    blurred = whole["hr"].astype(float)
    for axis in (0, 1):
        blurred = scipy.ndimage.convolve1d(blurred, kernel / kernel.sum(), axis, mode="mirror")
    planes = torch.from_numpy(blurred).movedim(-1, 0)
    expected = resize(planes, scale=1 / scale).movedim(0, -1).numpy().round().clip(0, 255)
    np.testing.assert_array_equal(whole["lr"], expected)
    dataset = HrFolder(**keys, hr_patch_size=4 * scale, flip=False, rotate=False)
    for seed in range(20):
        sample = dataset.sample(0, np.random.default_rng(seed))
        (place,) = _places(whole["hr"], sample["hr"], scale)
        top, left = place
        np.testing.assert_array_equal(whole["lr"][top : top + 4, left : left + 4], sample["lr"])


def _places(image, crop, scale):
    """Where a crop lies in an image, in low-resolution pixels."""
    side = len(crop)
    rows, columns = (range(0, length - side + 1, scale) for length in image.shape[:2])
    return [
        (top // scale, left // scale)
        for top in rows
        for left in columns
        if np.array_equal(image[top : top + side, left : left + side], crop)
    ]


def test_blur_changes_nothing_unless_asked_and_needs_an_lr(folder):
    plain = HrFolder(scale=2, hr=folder).sample(0, None)
    np.testing.assert_array_equal(
        HrFolder(scale=2, hr=folder, blur_size=31).sample(0, None)["lr"], plain["lr"]
    )
    with pytest.raises(InvalidOptionError, match='other than "none", which makes no lr'):
        HrFolderOptions(hr=folder, downscale="none", blur_sigma=1.0)


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
        inner = np.s_[4:-4, 4:-4]  # the crop's border has neighbors in the image
        difference = sample["lr"][inner].astype(int) - expected[inner]
        assert np.abs(difference).max() <= 1


def test_tiny_image_is_named(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((3, 9, 3), np.uint8))
    with pytest.raises(DataError, match=r"a\.png: a side is smaller than scale = 4"):
        HrFolder(scale=4, hr=tmp_path).sample(0, None)


def test_scale_one_gives_equal_images(folder):
    sample = HrFolder(scale=1, hr=folder).sample(0, None)
    np.testing.assert_array_equal(sample["lr"], sample["hr"])
