import numpy as np

from srcore.datasets.lr_folder import LrFolder
from srcore.images import write_image


def test_images_are_whole_with_and_without_generator(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    write_image(tmp_path / "a.png", image)
    dataset = LrFolder(scale=4, lr=tmp_path)
    assert len(dataset) == 1
    assert dataset.name(0) == "a"
    for generator in (None, np.random.default_rng(0)):
        np.testing.assert_array_equal(dataset.sample(0, generator)["lr"], image)
