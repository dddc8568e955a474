"""Fixtures that tests of several rooms share."""

import numpy as np
import pytest

from srcore.images import write_image


@pytest.fixture
def two_sets_of_pairs(tmp_path):
    """Two sets of pairs; ``1`` is in both, ``2`` and ``3`` in one."""
    for place, names in (("a", "12"), ("b", "13")):
        for kind, side in (("hr", 4), ("lr", 2)):
            for name in names:
                image = np.full((side, side, 3), ord(place) + int(name), np.uint8)
                write_image(tmp_path / place / kind / f"{name}.png", image, durable=False)
    return tmp_path
