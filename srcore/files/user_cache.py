"""Where the user keeps what can be made or fetched again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def user_cache(*parts: str) -> Path:
    """A folder below ``srcore`` in the user's cache folder; it is not made.

    That is ``$XDG_CACHE_HOME``, else ``~/.cache``.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base, "srcore", *parts).expanduser()


def cached_about(path: Path, kind: str, suffix: str) -> Path:
    """The file of the user's cache that belongs to a file or folder, by whatever name.

    Args:
        path: what it is about; links are followed.
        kind: folder of the cache.
        suffix: of the file.
    """
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:32]
    return user_cache(kind) / f"{name}{suffix}"
