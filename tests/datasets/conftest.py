"""Fixtures of the dataset tests."""

import numpy as np
import pytest

from srcore.images import write_image


def smooth_noise(height, width, seed):
    """Values that differ from pixel to pixel and use the whole range."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def pair_folders(tmp_path):
    """Three pairs at scale 2 whose LR pixel is the top left one of its HR block."""
    for index, (height, width) in enumerate(((24, 30), (20, 20), (31, 22))):
        hr = smooth_noise(height, width, index)
        lr = hr[: height // 2 * 2 : 2, : width // 2 * 2 : 2]
        write_image(tmp_path / "hr" / f"{index}.png", hr)
        write_image(tmp_path / "lr" / f"{index}.png", lr)
    return tmp_path / "hr", tmp_path / "lr"
