"""Where the user keeps what can be made or fetched again."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache(*parts: str) -> Path:
    """A folder below ``srcore`` in the user's cache folder; it is not made.

    That is ``$XDG_CACHE_HOME``, else ``~/.cache``.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base, "srcore", *parts).expanduser()
