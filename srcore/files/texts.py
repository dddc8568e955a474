"""Text files that people write: whatever encoding their editor or shell leaves behind."""

from __future__ import annotations

import codecs
from pathlib import Path

from srcore.errors import DataError

# Longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode_text(content: bytes, errors: str = "strict") -> str:
    r"""UTF-8 or UTF-16, with or without a byte order mark.

    Notepad begins UTF-8 with a mark, and ``>`` of PowerShell 5 writes UTF-16.

    >>> decode_text("a = 1\n".encode("utf-16"))
    'a = 1\n'

    Args:
        content: of the file.
        errors: what to do with bytes that are no UTF-8, as in ``bytes.decode``.

    Raises:
        UnicodeDecodeError: neither of them.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors)
    # No text in UTF-8 holds a zero; every second byte of ASCII in UTF-16 is one.
    if len(content) % 2 == 0 and content[1:2] == b"\0" != content[:1]:
        return content.decode("utf-16-le", errors)
    if len(content) % 2 == 0 and content[:1] == b"\0" != content[1:2]:
        return content.decode("utf-16-be", errors)
    return content.decode("utf-8", errors)


def filled_lines(file: Path, what: str = "") -> list[str]:
    """Lines of a list that are not empty.

    Names that are no UTF-8 keep their bytes, as Python's functions of file names do it.

    Args:
        file: the list.
        what: what the file is, for the message.

    Raises:
        DataError: it cannot be read.
    """
    try:
        text = decode_text(file.read_bytes(), "surrogateescape")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror or error if isinstance(error, OSError) else error
        subject = f"{file}: {what}" if what else f"{file}:"
        raise DataError(f"{subject} cannot be read: {reason}") from error
    # Not splitlines(), which also splits at characters that names may hold.
    return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
