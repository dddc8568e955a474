"""The resamplings that are called bicubic, see :mod:`srcore.transforms.resize`."""

from typing import Literal

BicubicDialect = Literal["matlab", "matlab_uint8", "opencv"]
