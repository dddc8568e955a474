import numpy as np
import pytest

from srcore.inference.invisible import with_visible_colors


def _nearest_by_loops(image):
    """Colors that are the nearest visible ones by any tie."""
    seen = [tuple(place) for place in np.argwhere(image[..., -1] > 0)]
    allowed = {}
    for place in map(tuple, np.argwhere(image[..., -1] == 0)):
        distances = {it: np.hypot(it[0] - place[0], it[1] - place[1]) for it in seen}
        smallest = min(distances.values())
        # The transform is exact to a few per cent.
        near = [it for it, distance in distances.items() if distance <= smallest * 1.05]
        allowed[place] = {tuple(image[it][:-1].tolist()) for it in near}
    return allowed


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_invisible_pixels_take_the_colors_of_the_nearest_visible_one(channels, dtype):
    generator = np.random.default_rng(0)
    image = generator.integers(1, 200, (13, 17, channels)).astype(dtype)
    image[generator.random((13, 17)) < 0.8, -1] = 0
    result = with_visible_colors(image)
    is_seen = image[..., -1] > 0
    np.testing.assert_array_equal(result[is_seen], image[is_seen])
    np.testing.assert_array_equal(result[..., -1], image[..., -1])
    for place, colors in _nearest_by_loops(image).items():
        assert tuple(result[place][:-1].tolist()) in colors


@pytest.mark.parametrize("alpha", [0, 7])
def test_nothing_changes_where_all_or_nothing_is_seen(alpha):
    image = np.full((4, 5, 4), 9, np.uint8)
    image[..., 3] = alpha
    assert with_visible_colors(image) is image


def test_images_without_alpha_are_as_they_are():
    image = np.zeros((4, 5, 3), np.uint8)
    assert with_visible_colors(image) is image
