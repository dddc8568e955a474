"""What the numbers of a frame mean, and frames <-> arrays of RGB.

A frame says by which matrix its brightness and colors come from red, green and blue, and whether
its numbers fill their range. What it does not say is guessed as players do: BT.709 for frames of
720 rows or 1280 columns and more, BT.601 for smaller ones, and limited range. An upscaled film
would be guessed differently, so the matrix that was used is written down in any case; primaries and
transfer are only carried along.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from srcore.errors import DataError
from srcore.films.library import import_av
from srcore.images import ImageArray

#: Numbers of ISO/IEC 23091-2 for matrices -> those of the conversion in libswscale.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9}
_RGB, _UNSPECIFIED, _BT709, _BT601 = 0, 2, 1, 6
_LIMITED, _FULL = 1, 2
#: Pictures of at least so many rows or columns are guessed to be of high definition.
_HIGH_ROWS, _HIGH_COLUMNS = 720, 1280


@attrs.frozen
class Layout:
    """How the samples of a frame are stored.

    Attributes:
        chroma: ``"420"``, ``"422"``, ``"444"``, ``"gray"`` or ``"rgb"``; rarer ones count as
            ``"444"``.
        bits: per sample.
        has_alpha: whether it says how transparent pixels are.
    """

    chroma: str
    bits: int
    has_alpha: bool

    @classmethod
    def of(cls, pixel_format: Any) -> Layout:
        """That of a pixel format of PyAV."""
        components = pixel_format.components
        bits = max(component.bits for component in components)
        has_alpha = len(components) in (2, 4) and not pixel_format.has_palette
        if pixel_format.is_rgb or pixel_format.has_palette:
            return cls("rgb", max(bits, 8), has_alpha)
        if len(components) < 3:
            return cls("gray", bits, has_alpha)
        smaller = (4 // pixel_format.chroma_width(4), 4 // pixel_format.chroma_height(4))
        return cls({(2, 2): "420", (2, 1): "422"}.get(smaller, "444"), bits, has_alpha)

    @property
    def array_format(self) -> str:
        """The pixel format in which frames become arrays."""
        kind = "rgba" if self.has_alpha else "rgb"
        return (
            f"{kind}64le"
            if self.bits > 8 and self.has_alpha
            else (f"{kind}48le" if self.bits > 8 else "rgba" if self.has_alpha else "rgb24")
        )


@attrs.frozen
class FilmColors:
    """What a film says of its colors, in numbers of ISO/IEC 23091-2.

    Attributes:
        primaries: which red, green and blue.
        transfer: from numbers to light.
        matrix: by which it is converted, never unspecified.
        range: 1 limited, 2 full, 0 not said.
        is_full: whether numbers fill their range.
    """

    primaries: int
    transfer: int
    matrix: int
    range: int
    is_full: bool

    @classmethod
    def of(cls, frame: Any, layout: Layout) -> FilmColors:
        """Those of a frame.

        Raises:
            ValueError: a matrix that is not converted.
        """
        said, matrix = int(frame.color_range), int(frame.colorspace)
        is_full = said == _FULL or layout.chroma == "rgb" or frame.format.name.startswith("yuvj")
        if layout.chroma == "gray":
            is_full = said != _LIMITED
        if matrix in (_RGB, _UNSPECIFIED) or layout.chroma in ("gray", "rgb"):
            is_high = frame.height >= _HIGH_ROWS or frame.width >= _HIGH_COLUMNS
            matrix = _BT709 if is_high else _BT601
        if matrix not in _MATRICES:
            raise ValueError(f"colors by matrix {matrix} of ISO/IEC 23091-2")
        if layout.chroma in ("gray", "rgb"):
            # What is written has another form: brightness and colors.
            said, is_full = _LIMITED, False
        elif is_full:
            said = _FULL
        return cls(int(frame.color_primaries), int(frame.color_trc), matrix, said, is_full)


@attrs.frozen
class FrameConversion:
    """Frames -> arrays, and upscaled arrays -> frames.

    Attributes:
        colors: of the frames.
        layout: of the frames that are read.
    """

    colors: FilmColors
    layout: Layout

    def array(self, frame: Any) -> ImageArray:
        """``(H, W, 3)`` or with alpha ``(H, W, 4)``, uint8 or of more than 8 bits uint16."""
        is_yuv = self.layout.chroma not in ("gray", "rgb")
        matrix = {"src_colorspace": self._matrix, "dst_colorspace": self._matrix} if is_yuv else {}
        used = _FULL if self.colors.is_full or not is_yuv else _LIMITED
        made = frame.reformat(
            format=self.layout.array_format,
            interpolation=_precise(),
            src_color_range=int(frame.color_range) or used if not is_yuv else used,
            dst_color_range=_FULL,
            **matrix,
        )
        array: ImageArray = made.to_ndarray()
        return np.ascontiguousarray(array)

    def frame(self, array: ImageArray, pixel_format: str) -> Any:
        """A frame of a pixel format from ``(H, W, 1 or 3)``."""
        av = import_av()
        if array.shape[2] == 1:
            array = np.repeat(array, 3, axis=2)
        stored = "rgb24" if array.dtype == np.uint8 else "rgb48le"
        made = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format=stored)
        if is_rgb(pixel_format):
            return made.reformat(format=pixel_format, interpolation=_precise())
        return made.reformat(
            format=pixel_format,
            interpolation=_precise(),
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            src_color_range=_FULL,
            dst_color_range=_FULL if self.colors.is_full else _LIMITED,
        )

    @property
    def _matrix(self) -> int:
        return _MATRICES[self.colors.matrix]


def is_rgb(pixel_format: str) -> bool:
    """Whether a pixel format holds red, green and blue."""
    return pixel_format.startswith(("gbr", "bgr", "rgb"))


def tag(target: Any, colors: FilmColors, pixel_format: str) -> None:
    """Write the colors on a frame or an encoder."""
    as_rgb = is_rgb(pixel_format)
    target.color_primaries = colors.primaries
    target.color_trc = colors.transfer
    target.colorspace = _RGB if as_rgb else colors.matrix
    target.color_range = _FULL if as_rgb else colors.range


def refuse_matrix(where: object, error: ValueError) -> DataError:
    """The error of a film whose colors are not converted."""
    return DataError(
        f"{where}: {error}, which are not converted; expected BT.601, BT.709, BT.2020, FCC or "
        "SMPTE 240M: convert the film with FFmpeg first"
    )


def _precise() -> int:
    """Bicubic colors between pixels, and rounding instead of truncation."""
    kinds = import_av().video.reformatter.Interpolation
    flags = ("BICUBIC", "FULL_CHR_H_INT", "FULL_CHR_H_INP", "ACCURATE_RND")
    return sum(int(kinds[flag]) for flag in flags)
