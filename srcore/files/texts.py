"""Text files that people write: whatever encoding their editor or shell leaves behind."""

from __future__ import annotations

import codecs

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
