"""What a file holds, in a few characters."""

from __future__ import annotations

import hashlib
from pathlib import Path

_PIECE = 2**20


def sha256_of(file: Path) -> str:
    """SHA-256 of the content of a file, 64 hexadecimal digits; a piece is in memory at a time.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
