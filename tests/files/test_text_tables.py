"""Columns stand below one another, numbers end where those above them end."""

from srcore.files.text_tables import aligned, markdown


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [("key", "type", "text"), ("a", "float | none", ""), ("longer", "int", "some words")]
    assert aligned(rows) == [
        "key     type          text",
        "a       float | none",
        "longer  int           some words",
    ]


def test_columns_of_numbers_end_together():
    rows = [("", "psnr", "ssim"), ("mine", "31.5000", "")]
    assert aligned(rows, left=1) == ["         psnr  ssim", "mine  31.5000      "]


def test_no_rows_are_no_lines():
    assert aligned([]) == []


def test_markdown_tells_numbers_from_words():
    assert markdown(("a", "b"), [("x", "1"), ("y", "")], left=1) == [
        "| a | b |",
        "|---|---:|",
        "| x | 1 |",
        "| y |  |",
    ]
    assert markdown(("a", "b"), [])[1] == "|---|---|"
