"""From which file an image was made: a word that the image itself carries.

It lies where every program that shows the picture passes it by: in a text chunk of a PNG, in a
comment of a JPEG, and else behind the end, as a box that container formats leave free.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote

import attrs

from srcore.files.opening import open_file
from srcore.images.png.chunks import SIGNATURE, after_header, chunk

_KEYWORD = b"srcore-origin"
_MARK = _KEYWORD + b"\0"
_PART = 2**16  # bytes at either end that are looked at


@attrs.frozen
class Origin:
    """What a file is known by again.

    Attributes:
        name: of the file.
        digest: of its size, its beginning and its end.
    """

    name: str
    digest: str

    @classmethod
    def of(cls, path: Path) -> Origin:
        """The origin of what will be made of a file.

        Raises:
            OSError: the file cannot be read.
        """
        with open_file(path) as file:
            return cls.of_open(file, path.name)

    @classmethod
    def of_open(cls, file: BinaryIO, name: str) -> Origin:
        """As :meth:`of`, for a file that is open."""
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256(str(size).encode())
        file.seek(0)
        digest.update(file.read(_PART))
        file.seek(max(_PART, size - _PART))
        digest.update(file.read())
        return cls(name, digest.hexdigest()[:32])

    def encoded(self) -> bytes:
        """As :func:`origin_of` finds it."""
        name = quote(self.name.encode("utf-8", "surrogatepass"))
        return _MARK + f"{self.digest} {name}".encode("ascii") + b"\0"

    def png_chunk(self) -> bytes:
        """As a text chunk (tEXt), to be written behind the header."""
        return chunk(b"tEXt", self.encoded())


def origin_of(path: Path) -> Origin | None:
    """From which file an image was made; None if it does not say.

    Raises:
        OSError: it cannot be read.
    """
    with open_file(path) as file:
        content = file.read(_PART)
        file.seek(max(_PART, os.path.getsize(path) - _PART))
        content += file.read()
    start = content.rfind(_MARK)
    digest, separator, name = content[start + len(_MARK) :].partition(b"\0")[0].partition(b" ")
    if start < 0 or not separator:
        return None
    return Origin(
        unquote(name.decode("ascii", "replace"), errors="surrogatepass"),
        digest.decode("ascii", "replace"),
    )


def with_origin(content: bytes, origin: Origin) -> bytes:
    """The content of an image file that says where it comes from."""
    encoded = origin.encoded()
    if content.startswith(SIGNATURE):
        return after_header(content, origin.png_chunk())
    if content.startswith(b"\xff\xd8"):
        start = 2
        while content[start : start + 2] in (b"\xff\xe0", b"\xff\xe1"):  # JFIF and EXIF come first
            start += 2 + int(struct.unpack_from(">H", content, start + 2)[0])
        comment = b"\xff\xfe" + struct.pack(">H", 2 + len(encoded)) + encoded
        return content[:start] + comment + content[start:]
    return content + struct.pack(">I4s", 8 + len(encoded), b"free") + encoded
