from collections import Counter

import numpy as np
import pytest

from srcore.datasets.unpaired_folders import UnpairedFolders
from srcore.errors import DataError
from srcore.images import write_image


@pytest.fixture
def folders(tmp_path):
    """Flat images whose gray level is their number."""
    for kind, count, side in (("hr", 3, 32), ("lr", 5, 12)):
        for number in range(count):
            image = np.full((side, side + 2, 3), number, np.uint8)
            write_image(tmp_path / kind / f"{number}.png", image)
    return {"hr": tmp_path / "hr", "lr": tmp_path / "lr"}


def test_an_epoch_goes_through_the_lr_images_and_draws_hr_uniformly(folders):
    dataset = UnpairedFolders(scale=4, hr_patch_size=16, **folders)
    assert len(dataset) == 5
    assert dataset.name(3) == "3"
    generator = np.random.default_rng(0)
    samples = [dataset.sample(3, generator) for _ in range(300)]
    assert {sample["lr"].shape for sample in samples} == {(4, 4, 3)}
    assert {sample["hr"].shape for sample in samples} == {(16, 16, 3)}
    assert {int(sample["lr"][0, 0, 0]) for sample in samples} == {3}
    counts = Counter(int(sample["hr"][0, 0, 0]) for sample in samples)
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) > 70


def test_both_images_are_laid_independently(folders, tmp_path):
    ramp = np.arange(16, dtype=np.uint8).reshape(4, 4, 1).repeat(3, axis=2)
    for kind in ("hr", "lr"):
        write_image(tmp_path / f"one_{kind}" / "a.png", ramp)
    dataset = UnpairedFolders(scale=1, hr=tmp_path / "one_hr", lr=tmp_path / "one_lr")
    samples = [dataset.sample(0, np.random.default_rng(seed)) for seed in range(100)]
    equal = sum(np.array_equal(sample["hr"], sample["lr"]) for sample in samples)
    assert 0 < equal < 40


def test_whole_images_without_generator(folders):
    dataset = UnpairedFolders(scale=4, hr_patch_size=16, **folders)
    sample = dataset.sample(4, None)
    assert sample["hr"].shape == (32, 32, 3)
    assert sample["lr"].shape == (12, 14, 3)
    assert sample["hr"][0, 0, 0] == 1


def test_small_lr_image_is_named(folders):
    dataset = UnpairedFolders(scale=2, hr_patch_size=32, **folders)
    with pytest.raises(DataError, match=r"lr.0\.png: 14x12 pixels .* smaller than the crop"):
        dataset.sample(0, np.random.default_rng(0))
