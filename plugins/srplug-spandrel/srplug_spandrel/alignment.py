"""Where tiles of an image begin, so that windows and coarser levels fall where they fall in it.

Rules: from the parameters of spandrel's class and the scale to a number of pixels. Most networks
continue an image to such a multiple themselves, so that it is more than what they ask of sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Rule = Callable[[Mapping[str, Any], int], int]


def pixels(number: int) -> Rule:
    """Always the same."""
    return lambda keys, scale: number


def windows(*names: str, of: Rule | None = None) -> Rule:
    """Windows of these sides, which may be one number or two, of what so many pixels become."""

    def common(keys: Mapping[str, Any], scale: int) -> int:
        sides = [keys[name] for name in names]
        flat = [part for side in sides for part in (side if isinstance(side, list) else [side])]
        return math.lcm(*flat) * (of(keys, scale) if of else 1)

    return common


def levels(name: str) -> Rule:
    """Levels, each at half the size of the one before: as many as the list is long."""
    return lambda keys, scale: 2 ** len(keys[name])


def shuffled(keys: Mapping[str, Any], scale: int) -> int:
    """Scales 1 and 2 begin with an image made smaller, if the network is asked to."""
    return max(1, 4 // scale) if keys["unshuffle_mod"] else 1
