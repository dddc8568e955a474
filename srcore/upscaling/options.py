"""What of a file is enlarged."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option

#: ``"auto"``: all if the output holds them, else the first, and it is said.
Frames = Literal["auto", "first", "all"]


@attrs.frozen(kw_only=True)
class FrameOptions:
    """Which pictures of animations and documents."""

    frames: Frames = option(
        "auto",
        "of animations and pages; auto: all if the output holds them, else the first, and it is "
        "said",
    )
