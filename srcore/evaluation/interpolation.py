"""Interpolations that stand beside networks in tables."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from srcore.errors import SrcoreError
from srcore.evaluation.evaluating import Contender
from srcore.images import PictureArray

#: What each is, for the head of a table.
INTERPOLATIONS = {
    "bicubic": "MATLAB's kernel on RGB",
    "nearest": "nearest neighbor",
    "opencv": "OpenCV's bicubic",
}


def interpolation(name: str, scale: int) -> Contender:
    """One of :data:`INTERPOLATIONS` as a contender.

    Raises:
        SrcoreError: another name.
    """
    if name not in INTERPOLATIONS:
        known = ", ".join(INTERPOLATIONS)
        raise SrcoreError(f'--interpolation: expected some of {known}, found "{name}"')
    upscale = partial(_upscaled, name, scale)
    return Contender(name, scale, upscale, portable=True, identity=name)


def _upscaled(name: str, scale: int, lr: PictureArray) -> PictureArray:
    if name == "nearest":
        return lr.repeat(scale, axis=0).repeat(scale, axis=1)
    from srcore.transforms.resize import resize_uint8

    height, width = (scale * side for side in lr.shape[:2])
    dialect: Any = "opencv" if name == "opencv" else "matlab"
    return np.asarray(resize_uint8(lr, size=(height, width), dialect=dialect), np.uint8)
