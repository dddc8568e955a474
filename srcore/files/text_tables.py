"""Tables as text: columns for a terminal, and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def aligned(rows: Sequence[Sequence[str]], *, left: int | None = None) -> list[str]:
    """Rows as lines with columns below one another.

    >>> aligned([("set", "psnr"), ("a", "31.5")], left=1)
    ['set  psnr', 'a    31.5']

    Args:
        rows: equally many cells each.
        left: how many columns are flush left, the others are numbers and flush right; None: all.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    last = len(widths) if left is None else left
    lines = [
        "  ".join(
            cell.ljust(width) if number < last else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return lines if last < len(widths) else [line.rstrip() for line in lines]


def markdown(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, left: int | None = None
) -> list[str]:
    """Lines of a Markdown table; of ``left`` see :func:`aligned`."""
    right = 0 if left is None else len(head) - left
    rule = "|---" * (len(head) - right) + "|---:" * right + "|"
    return [f"| {' | '.join(head)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]
