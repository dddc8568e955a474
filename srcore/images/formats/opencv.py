"""Decoding by OpenCV, and its order of colors: blue, green, red."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from srcore.images.format import ImageArray, Where, damaged
from srcore.images.samples import bands


def by_opencv(content: NDArray[np.uint8] | bytes, where: Where) -> ImageArray:
    """Pixels in its order of colors. OpenCV holds them twice before they are handed over.

    Pixels are ``(H, W)`` if gray, else ``(H, W, C)``; uint8 or uint16.

    Raises:
        DataError: it cannot be decoded.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise damaged(where, error.err) from error
    if pixels is None:
        raise damaged(where, "its picture data cannot be decoded")
    return pixels


def swapped(pixels: ImageArray) -> ImageArray:
    """RGB(A) from BGR(A) or the other way round, in place.

    Pixels are ``(H, W, C)``, uint8 or uint16, with 3 or 4 channels.

    Some rows at a time, since OpenCV copies all that it changes in place.
    """
    code = cv2.COLOR_BGR2RGB if pixels.shape[-1] == 3 else cv2.COLOR_BGRA2RGBA
    for part in bands(len(pixels), pixels.shape[1] * pixels.shape[2]):
        cv2.cvtColor(pixels[part], code, dst=pixels[part])
    return pixels
