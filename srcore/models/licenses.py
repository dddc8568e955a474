"""What the name of a license says about the use of a model."""

from __future__ import annotations

import re

_NONCOMMERCIAL = re.compile(
    r"(?:^|[-\s])nc(?:[-\s]|$)|non-?commercial|research[- ]only", re.IGNORECASE
)
NOT_STATED = "license not stated"


def is_noncommercial(license: str) -> bool:
    """Whether the name of a license says that commercial use is not allowed.

    >>> is_noncommercial("CC-BY-NC-SA-4.0"), is_noncommercial("CC-BY-4.0")
    (True, False)
    """
    return _NONCOMMERCIAL.search(license) is not None


def described(license: str) -> str:
    """A license as it is shown before a file is fetched.

    >>> described("CC-BY-NC-4.0")
    'CC-BY-NC-4.0, not for commercial use'
    """
    if not license:
        return NOT_STATED
    return f"{license}, not for commercial use" if is_noncommercial(license) else license
