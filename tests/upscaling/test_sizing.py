import numpy as np
import pytest

from srcore.upscaling.sizing import Sizing, TargetSize, middle


@pytest.mark.parametrize(
    ("asked", "size", "expected"),
    [
        ({}, (30, 40), (60, 80)),
        ({"scale": 1.5}, (31, 40), (47, 60)),
        ({"width": 100}, (30, 40), (75, 100)),
        ({"height": 100}, (30, 40), (100, 133)),
        ({"max_side": 100}, (30, 40), (75, 100)),
        ({"max_side": 100}, (40, 30), (100, 75)),
        ({"max_side": 100, "scale": 2}, (30, 40), (60, 80)),
        ({"max_side": 70, "scale": 2}, (30, 40), (53, 70)),
        ({"width": 100, "height": 60}, (30, 40), (60, 80)),
        ({"width": 100, "height": 60, "fit": "cover"}, (30, 40), (60, 100)),
        ({"width": 100, "height": 60, "fit": "stretch"}, (30, 40), (60, 100)),
        ({"width": 1}, (1, 5000), (1, 1)),
        ({"width": 7}, (3, 5), (4, 7)),
    ],
)
def test_sizes_are_what_was_asked_for(asked, size, expected):
    assert Sizing(**asked).target(*size, 2).final == expected


def test_given_sides_are_exact_whatever_the_input():
    for width in (*range(1, 400), 65500, 2**31 - 1):
        for side in (1, 2, 3, 7, 97, 499, 4001):
            asked = Sizing(width=width).target(side + 3, side, 2)
            assert asked.final[1] == width
            assert Sizing(max_side=width).target(side + 3, side, 2).final[0] == width
            box = Sizing(width=width, height=50, fit="cover").target(side + 3, side, 2)
            assert box.final == (50, width)
            assert all(all_ >= kept for all_, kept in zip(box.resized, box.final, strict=True))
            inside = Sizing(width=width, height=50).target(side + 3, side, 2).final
            assert inside[0] <= 50
            assert inside[1] <= width
            assert inside[0] == 50 or inside[1] == width


@pytest.mark.parametrize(
    ("asked", "label"),
    [
        ({"scale": 1.5}, "x1.5"),
        ({"width": 1920}, "w1920"),
        ({"height": 1080}, "h1080"),
        ({"width": 1920, "height": 1080}, "1920x1080"),
        ({"max_side": 2000}, "max2000"),
        ({"max_side": 2000, "scale": 4}, "x4_max2000"),
    ],
)
def test_labels_name_the_size(asked, label):
    assert Sizing(**asked).label == label
    assert Sizing(**asked).is_by_size == (set(asked) != {"scale"})


@pytest.mark.parametrize("rows", [1, 3, 20])
def test_the_middle_of_bands_is_that_of_the_image(rows):
    image = np.random.default_rng(0).integers(0, 256, (20, 31, 3), np.uint8)
    bands = [image[start : start + rows] for start in range(0, 20, rows)]
    for final in ((20, 31), (11, 31), (20, 8), (3, 4)):
        top, left = (20 - final[0]) // 2, (31 - final[1]) // 2
        cut = np.concatenate(list(middle(bands, TargetSize((20, 31), final))))
        expected = image[top : top + final[0], left : left + final[1]]
        np.testing.assert_array_equal(cut, expected)
