"""Runs of equal pixels in BMP, by codes put together here."""

import pytest

from srcore.errors import DataError
from srcore.images.formats.bmp_runs import unrolled

END_OF_ROW, END = (0, 0), (0, 1)


def rows(*code, width=6, height=1, bits=8):
    made = unrolled(bytes(code), width, height, bits, "x.bmp")
    return [list(made[start : start + width]) for start in range(0, len(made), width)]


def test_a_run_and_pixels_as_they_are_which_fill_up_to_even_bytes():
    assert rows(3, 4, 0, 3, 69, 86, 103, 0, *END) == [[4, 4, 4, 69, 86, 103]]


def test_runs_of_4_bits_alternate_between_two_colors():
    assert rows(5, 0x12, *END, bits=4) == [[1, 2, 1, 2, 1, 0]]
    assert rows(0, 5, 0x12, 0x34, 0x50, 0, *END, bits=4) == [[1, 2, 3, 4, 5, 0]]


def test_rows_that_end_early_are_filled_with_the_first_color():
    assert rows(2, 7, *END_OF_ROW, 1, 8, *END, height=3) == [
        [7, 7, 0, 0, 0, 0],
        [8, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]


def test_a_jump_goes_to_the_right_and_on_to_later_rows():
    assert rows(1, 7, 0, 2, 2, 1, 1, 8, *END, height=2) == [
        [7, 0, 0, 0, 0, 0],
        [0, 0, 0, 8, 0, 0],
    ]


def test_what_stands_beyond_a_row_is_left_out():
    assert rows(9, 5, *END_OF_ROW, 1, 6, *END, height=2) == [[5] * 6, [6, 0, 0, 0, 0, 0]]


def test_the_last_row_needs_no_end_if_it_is_full():
    assert rows(6, 5) == [[5] * 6]


@pytest.mark.parametrize(
    "code", [(), (3,), (3, 4), (0, 2), (0, 4, 1, 2), (3, 4, *END_OF_ROW)], ids=str
)
def test_code_that_ends_before_the_pixels_do_is_named(code):
    with pytest.raises(DataError, match=r"^x\.bmp: .*truncated"):
        rows(*code, height=2)
