"""Where progress is shown, and how wide."""

from __future__ import annotations

import os
import sys
from typing import Any

from srcore.machine.processes import local_rank

_USUAL = {"ncols": 80, "nrows": 24}


def width() -> dict[str, Any]:
    """The arguments of a progress bar: as wide as the terminal, 80 where that is not known.

    Terminals of containers, debuggers and ``script`` say that they have no columns; a bar would
    show nothing there.
    """
    try:
        known = os.get_terminal_size(sys.stderr.fileno()).columns > 0
    except (OSError, ValueError, AttributeError):
        known = False
    return {"dynamic_ncols": True} if known else dict(_USUAL)


def on_terminal(*, quiet: bool) -> dict[str, Any]:
    """The arguments of a progress bar that people see: of one process of a machine, if any.

    Args:
        quiet: nobody wants it.
    """
    return {"disable": quiet or not sys.stderr.isatty() or local_rank() != 0, **width()}
