"""What commands show of scans of large folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from srcore.machine.terminal import width
from srcore.scanning.policy import ScanPolicy

if TYPE_CHECKING:
    from srcore.scanning.policy import Advance

#: Fewer are read before anybody wonders.
_WORTH_A_BAR = 5_000


def visible_scans(sample: int | None = None) -> ScanPolicy:
    """A policy by which terminals see how far a scan is.

    Args:
        sample: see :class:`srcore.scanning.policy.ScanPolicy`.
    """
    return ScanPolicy(sample, _bar)


@contextmanager
def _bar(total: int) -> Iterator[Advance]:
    if total < _WORTH_A_BAR:
        yield lambda count: None
        return
    from tqdm import tqdm

    with tqdm(
        total=total,
        desc="headers",
        unit="image",
        leave=False,
        disable=None,
        file=sys.stderr,
        **width(),
    ) as bar:
        yield bar.update
