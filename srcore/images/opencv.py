"""The order of colours in OpenCV: blue, green, red."""

from __future__ import annotations

import cv2

from srcore.images.format import ImageArray
from srcore.images.samples import bands


def swapped(pixels: ImageArray) -> ImageArray:
    """RGB(A) from BGR(A) or the other way round, in place.

    Some rows at a time, since OpenCV copies all that it changes in place.
    """
    code = cv2.COLOR_BGR2RGB if pixels.shape[-1] == 3 else cv2.COLOR_BGRA2RGBA
    for part in bands(len(pixels), pixels.shape[1] * pixels.shape[2]):
        cv2.cvtColor(pixels[part], code, dst=pixels[part])
    return pixels
