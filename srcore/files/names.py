"""Names of the user that become files and folders: one rule, the same on every system.

Runs, stages and validation sets are named in experiments, models and image sets on the command
line. An experiment goes from a laptop to a cluster and back, so a name must mean one folder on
Linux, macOS and Windows alike.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator

from srcore.messages import shown

#: Bytes: room below the 255 of file systems for what is put before and behind a name.
_LONGEST = 128
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_FORBIDDEN = '/\\:*?"<>|'
_DEVICES = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"
}


def name_complaint(name: str) -> str:
    """What keeps a name from being the name of one folder everywhere, or an empty string.

    >>> name_complaint("my run, v1.2")
    ''
    >>> name_complaint("../x")
    'expected the name of one folder, found "../x", which holds "/"'
    """
    reason = _unfit_reason(name)
    return reason and f"expected the name of one folder, found {shown(name)}, which {reason}"


def _unfit_reason(name: str) -> str:
    if not name:
        return "is empty"
    if name in (".", ".."):
        return "is a folder of every folder"
    for sign in _FORBIDDEN:
        if sign in name:
            return f"holds {sign if sign == chr(34) else chr(34) + sign + chr(34)}"
    if not name.isprintable():
        return "holds a character that cannot be shown"
    if name[0] in ". ":
        return f'begins with "{name[0]}"'
    if name[-1] in ". ":
        return f'ends with "{name[-1]}"'
    if name.partition(".")[0].rstrip().upper() in _DEVICES:
        return "is a device on Windows"
    if len(name.encode()) > _LONGEST:
        return f"is longer than {_LONGEST} bytes"
    return ""


def is_url(name: str) -> bool:
    """Whether something is named by an address rather than a path.

    >>> is_url("s3://bucket/a.png"), is_url("c:/a.png")
    (True, False)
    """
    return _ADDRESS.match(name) is not None


def leads_out(name: str) -> bool:
    """Whether a name of others, with ``/`` between folders, may not lie below the folder it is for.

    >>> leads_out("below/0001.png"), leads_out("below/../../0001.png"), leads_out("/0001.png")
    (False, True, True)
    """
    if sys.platform == "win32" and any(sign in name for sign in "\\:"):
        return True
    return name.startswith("/") or ".." in name.split("/")


def name_key(name: str) -> str:
    """Equal for names that are one file where case or the spelling of accents does not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def same_names(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs (earlier, later) of names that are the same file or folder on some system."""
    first: dict[str, str] = {}
    for name in names:
        key = name_key(name)
        if key in first:
            yield first[key], name
        else:
            first[key] = name
