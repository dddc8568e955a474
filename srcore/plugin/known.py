"""What the plugins of this project bring, so that an unknown name can say what to install.

``known.json`` is written by ``docs/generate.py`` from what they register.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

#: Distribution by name, by kind of component; ``"experiment"`` has the prefixes of experiments.
Known = dict[str, dict[str, str]]


@functools.cache
def known_components() -> Known:
    """Kind -> name -> distribution."""
    content: Known = json.loads(Path(__file__).with_name("known.json").read_text("utf-8"))
    return content


def comes_with(distribution: str) -> str:
    """How to get it, for the end of a message."""
    return f"it comes with {distribution} (pip install {distribution})"
