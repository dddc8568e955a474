import numpy as np
import pytest

from srcore.datasets.paired_folder import PairedFolder
from srcore.errors import DataError
from srcore.images import read_image, write_image


def test_whole_pairs_are_cut_to_the_scale(pair_folders):
    hr, lr = pair_folders
    dataset = PairedFolder(scale=2, hr=hr, lr=lr, hr_patch_size=8)
    assert [dataset.name(index) for index in range(len(dataset))] == ["0", "1", "2"]
    sample = dataset.sample(2, None)
    np.testing.assert_array_equal(sample["hr"], read_image(hr / "2.png")[:30])
    np.testing.assert_array_equal(sample["lr"], read_image(lr / "2.png"))


def test_training_crops_show_the_same_place(pair_folders):
    hr, lr = pair_folders
    dataset = PairedFolder(scale=2, hr=hr, lr=lr, hr_patch_size=8, flip=False, rotate=False)
    generator = np.random.default_rng(0)
    for index in (0, 1, 2, 0, 1, 2):
        sample = dataset.sample(index, generator)
        assert sample["hr"].shape == (8, 8, 3)
        assert sample["hr"].dtype == np.uint8
        np.testing.assert_array_equal(sample["lr"], sample["hr"][::2, ::2])


def test_pairs_are_laid_alike(pair_folders):
    hr, lr = pair_folders
    dataset = PairedFolder(scale=2, hr=hr, lr=lr, hr_patch_size=8)
    for seed in range(20):
        sample = dataset.sample(0, np.random.default_rng(seed))
        # Whatever the orientation, every LR pixel is one of its HR block.
        blocks = sample["hr"].reshape(4, 2, 4, 2, 3)
        assert (blocks == sample["lr"][:, None, :, None]).all(axis=-1).any(axis=(1, 3)).all()


def test_samples_follow_from_the_generator_alone(pair_folders):
    hr, lr = pair_folders
    dataset = PairedFolder(scale=2, hr=hr, lr=lr, hr_patch_size=8)
    first = dataset.sample(1, np.random.default_rng(5))
    dataset.sample(0, np.random.default_rng(6))
    second = dataset.sample(1, np.random.default_rng(5))
    np.testing.assert_array_equal(first["hr"], second["hr"])
    np.testing.assert_array_equal(first["lr"], second["lr"])


def test_training_without_patch_size_uses_whole_images(pair_folders):
    hr, lr = pair_folders
    dataset = PairedFolder(scale=2, hr=hr, lr=lr, flip=False, rotate=False)
    sample = dataset.sample(2, np.random.default_rng(0))
    assert sample["hr"].shape == (30, 22, 3)


def test_pair_that_does_not_fit_is_named(pair_folders):
    hr, lr = pair_folders
    dataset = PairedFolder(scale=4, hr=hr, lr=lr)
    message = r"0\.png: 15x12 pixels .* for 30x24; expected 7x6 at scale 4"
    with pytest.raises(DataError, match=message):
        dataset.sample(0, None)


def test_truncated_image_is_named(pair_folders):
    hr, lr = pair_folders
    data = (hr / "1.png").read_bytes()
    (hr / "1.png").write_bytes(data[:-30])
    with pytest.raises(DataError, match=r"hr.1\.png: the image is truncated"):
        PairedFolder(scale=2, hr=hr, lr=lr).sample(1, None)


def test_gray_and_alpha_files_become_rgb_and_16_bits_stay(tmp_path):
    write_image(tmp_path / "hr" / "a.png", np.zeros((4, 4, 2), np.uint16))
    write_image(tmp_path / "lr" / "a.png", np.zeros((2, 2, 1), np.uint8))
    sample = PairedFolder(scale=2, hr=tmp_path / "hr", lr=tmp_path / "lr").sample(0, None)
    assert sample["hr"].shape == (4, 4, 3)
    assert sample["hr"].dtype == np.uint16
    assert sample["lr"].shape == (2, 2, 3)


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
def test_caches_do_not_change_samples(pair_folders, tmp_path, cache):
    hr, lr = pair_folders
    dataset = PairedFolder(
        scale=2, hr=hr, lr=lr, hr_patch_size=8, cache=cache, cache_folder=tmp_path / "cache"
    )
    plain = PairedFolder(scale=2, hr=hr, lr=lr, hr_patch_size=8)
    for _ in range(2):
        for index in range(3):
            got = dataset.sample(index, np.random.default_rng(index))
            expected = plain.sample(index, np.random.default_rng(index))
            np.testing.assert_array_equal(got["hr"], expected["hr"])
            np.testing.assert_array_equal(got["lr"], expected["lr"])
            assert got["hr"].flags.writeable
