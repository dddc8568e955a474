from collections import Counter

import numpy as np
import pytest

from srcore.data.cropping import (
    Orientation,
    Window,
    draw_orientation,
    draw_window,
    multiple_of,
    oriented,
)
from srcore.errors import DataError


def test_windows_lie_inside_and_reach_every_position():
    generator = np.random.default_rng(0)
    windows = {draw_window(5, 4, 3, generator, "a.png") for _ in range(200)}
    assert windows == {Window(top, left, 3, 3) for top in range(3) for left in range(2)}


def test_without_size_or_generator_the_image_is_whole():
    assert draw_window(5, 4, 3, None, "a.png") == Window(0, 0, 5, 4)
    assert draw_window(5, 4, None, np.random.default_rng(0), "a.png") == Window(0, 0, 5, 4)
    assert draw_orientation(None, flip=True, rotate=True) == Orientation()


def test_window_of_a_larger_image_covers_the_same_content():
    lr = np.arange(30).reshape(5, 6, 1)
    hr = lr.repeat(4, axis=0).repeat(4, axis=1)
    window = Window(1, 2, 3, 2)
    np.testing.assert_array_equal(window.times(4).cut(hr)[::4, ::4], window.cut(lr))
    assert window.times(4).cut(hr).shape == (12, 8, 1)


def test_grown_windows_stop_at_the_image_and_still_hold_the_window():
    image = np.arange(30).reshape(5, 6, 1)
    for top in range(4):
        for left in range(4):
            window = Window(top, left, 2, 3)
            grown = window.grown(1, 5, 6)
            np.testing.assert_array_equal(
                window.within(grown).cut(grown.cut(image)), window.cut(image)
            )
    assert Window(0, 2, 2, 3).grown(1, 5, 6) == Window(0, 1, 3, 5)


def test_small_image_is_named():
    with pytest.raises(DataError, match=r"a\.png: 4x5 pixels .* smaller than the crop of 6x6"):
        draw_window(5, 4, 6, np.random.default_rng(0), "a.png")


def test_orientations_are_applied_flip_first_transpose_last():
    image = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(Orientation(flip=True).apply(image), [[2, 1, 0], [5, 4, 3]])
    turned = Orientation(flip=True, upside_down=True, transpose=True).apply(image)
    np.testing.assert_array_equal(turned, [[5, 2], [4, 1], [3, 0]])


def test_all_eight_orientations_are_equally_likely():
    generator = np.random.default_rng(0)
    counts = Counter(draw_orientation(generator, flip=True, rotate=True) for _ in range(8000))
    assert len(counts) == 8
    assert all(850 < count < 1150 for count in counts.values())


@pytest.mark.parametrize(("flip", "rotate", "number"), [(0, 0, 1), (1, 0, 2), (0, 1, 4)])
def test_flip_governs_the_mirror_and_rotate_the_rest(flip, rotate, number):
    generator = np.random.default_rng(0)
    orientations = {draw_orientation(generator, flip=flip, rotate=rotate) for _ in range(200)}
    assert len(orientations) == number
    assert not any(entry.flip for entry in orientations if not flip)
    assert not any(entry.upside_down or entry.transpose for entry in orientations if not rotate)


def test_options_do_not_move_later_draws():
    one, two = np.random.default_rng(0), np.random.default_rng(0)
    draw_orientation(one, flip=True, rotate=True)
    draw_orientation(two, flip=False, rotate=False)
    assert one.random() == two.random()


def test_finished_crops_are_writable_copies():
    image = np.zeros((8, 8, 3), np.uint8)
    image.flags.writeable = False
    crop = oriented(image[2:4, 2:4], Orientation(flip=True, transpose=True))
    assert crop.flags.c_contiguous
    assert crop.flags.writeable
    assert crop.base is None


def test_multiple_of_cuts_the_far_edges():
    image = np.arange(35).reshape(5, 7, 1)
    np.testing.assert_array_equal(multiple_of(image, 3), image[:3, :6])
