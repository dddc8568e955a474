"""Where the file of a model comes from: what a user is told before it is fetched, and how it is."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import attrs

from srcore.models.licenses import described

_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@attrs.frozen(kw_only=True)
class Offer:
    """What a user is told before a file is fetched.

    Attributes:
        what: the model, as it was asked for.
        title: as its author calls it; empty: as it was asked for.
        author: empty: nobody says.
        license: empty: nobody says.
        place: address of the file.
        bytes: its size; 0: not known.
        about: page that tells more, and remarks.
        instead: why a file that is here is not good enough; empty: there is none.
    """

    what: str
    title: str = ""
    author: str = ""
    license: str = ""
    place: str = ""
    bytes: int = 0
    about: tuple[str, ...] = ()
    instead: str = ""

    @property
    def line(self) -> str:
        """Author, license and size in one line.

        >>> Offer(what="a", author="me", license="MIT", bytes=67_040_989).line
        'a by me, MIT, 67.0 MB'
        """
        title = f" ({self.title})" if self.title not in ("", self.what) else ""
        author = f" by {self.author}" if self.author else ", author not stated"
        size = f", {size_of(self.bytes)}" if self.bytes else ""
        return f"{self.what}{title}{author}, {described(self.license)}{size}"


class ModelSource(Protocol):
    """A model that has an address.

    Attributes:
        address: text that names it, such as ``model:x4``.
        label: short name for tables and files.
    """

    @property
    def address(self) -> str:
        """Text that names it."""

    @property
    def label(self) -> str:
        """Short name."""

    def place(self) -> Path:
        """Where its file lies, or will lie; without asking the network."""

    def fault(self) -> str:
        """Why there is no file to use yet; empty if there is. Asks no network."""

    def offer(self) -> Offer:
        """What fetching it means; may ask the network."""

    def fetch(self) -> Path:
        """Fetch it; refuses another content than was announced."""


MISSING = "is not in the cache"


def size_of(count: int) -> str:
    """A number of bytes for people.

    >>> size_of(67_040_989), size_of(999)
    ('67.0 MB', '999 bytes')
    """
    for factor, unit in _UNITS:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"
