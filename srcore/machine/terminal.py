"""How wide the terminal is that progress is shown on."""

from __future__ import annotations

import os
import sys
from typing import Any

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
