"""JPEG by simplejpeg, if it is installed: it reports what libjpeg only warns of."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from srcore.images.format import ImageArray, Where, damaged

#: Of the header, not of picture data; libjpeg warns of nothing else then.
_ODD_HEADERS = ("Adobe color transform", "JFIF revision", "Invalid SOS parameters")
#: Some cameras write bytes between the coded data and the end marker; pixels are as they should be.
_HARMLESS = "extraneous bytes before marker 0xd9"


@cache
def is_installed() -> bool:
    """Whether the extra ``strict`` is there."""
    return find_spec("simplejpeg") is not None


def decode(data: bytes, channels: int, where: Where) -> ImageArray | None:
    """Pixels of a file of 1 or 3 channels; None if only its header is odd, which ends the report.

    Pixels are ``(H, W, C)`` in 0..255.

    Raises:
        DataError: damage anywhere in the picture data.
    """
    import simplejpeg

    settings = {
        "colorspace": "GRAY" if channels == 1 else "RGB",
        "fastdct": False,
        "fastupsample": False,
    }
    try:
        try:
            pixels: ImageArray = simplejpeg.decode_jpeg(data, strict=True, **settings)
        except ValueError as error:
            if _HARMLESS not in str(error):
                raise
            pixels = simplejpeg.decode_jpeg(data, strict=False, **settings)
    except ValueError as error:  # such bytes between the tables, too, which are never harmless
        if any(it in str(error) for it in _ODD_HEADERS):
            return None
        raise damaged(where, error) from error
    return pixels
