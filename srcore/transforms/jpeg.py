"""JPEG on tensors: what compression and decompression leave of an image.

Shin and Song, "JPEG-resistant Adversarial Images", 2017 (smooth rounding); ITU-T T.81, annex K
(tables). Chroma is subsampled 2x2; the entropy coder loses nothing and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.options.declaration import defaults
from srcore.transforms.batch import image_of, uniform
from srcore.transforms.options import JpegCompressionOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch

_DEFAULT = defaults(JpegCompressionOptions)

LumaTable = Literal["standard", "published"]

# Rows are vertical frequencies, columns horizontal ones.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
_TO_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))

#: At quality 100 the factor is 0; a small one keeps the quotient finite and the image intact.
_SMALLEST_FACTOR = 1e-4


def jpeg(
    image: Tensor,
    quality: Tensor | float,
    *,
    differentiable: bool = _DEFAULT.differentiable,
    luma_table: LumaTable = _DEFAULT.luma_table,
) -> Tensor:
    """Compress and decompress.

    Args:
        image: RGB ``(N, 3, H, W)`` in [0, 1], any size.
        quality: in (0, 100], one number or one per image ``(N,)``; need not be whole. Table
            entries are scaled by (5000/q if q < 50 else 200 - 2q)/100 and not rounded.
        differentiable: round by round(t) + (t - round(t))^3, which has a gradient.
        luma_table: ``published`` is the transposed table of the common differentiable code.

    Returns:
        ``(N, 3, H, W)``, clamped to [0, 1], not rounded.

    Raises:
        SrcoreError: an image without three channels.
    """
    if image.dim() != 4 or image.shape[1] != 3:
        raise SrcoreError(f"jpeg: expected RGB (N, 3, H, W), found {tuple(image.shape)}")
    height, width = image.shape[-2:]
    factor = _table_factor(torch.as_tensor(quality, dtype=image.dtype, device=image.device))
    factor = factor.expand(len(image)).view(-1, 1, 1, 1, 1, 1)
    rounding = _smooth_round if differentiable else torch.round
    constants = _constants(luma_table, image.dtype, image.device)
    ycbcr = _mix(F.pad(image, (0, -width % 16, 0, -height % 16)) * 255, constants.to_ycbcr)
    # Centered values: Y less 128, and chroma without its offset of 128.
    luma = _code(ycbcr[:, :1] - 128, constants.luma * factor, constants.dct, rounding) + 128
    chroma = F.avg_pool2d(ycbcr[:, 1:], 2)
    chroma = _code(chroma, constants.chroma * factor, constants.dct, rounding)
    chroma = F.interpolate(chroma, scale_factor=2, mode="nearest")
    rgb = _mix(torch.cat((luma, chroma), dim=1), constants.to_rgb)
    return (rgb.clamp(0, 255) / 255)[..., :height, :width]


class JpegCompression:
    """Transform ``jpeg``: a random quality per image.

    >>> import torch
    >>> jpeg = JpegCompression(scale=4, image="hr", quality=(50.0, 50.0))
    >>> batch = {"hr": torch.rand(1, 3, 16, 16)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> compressed = jpeg(batch, generator)["hr"]
    >>> compressed.shape, torch.equal(compressed, batch["hr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = JpegCompressionOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Compress one tensor of the batch."""
        options = self.options
        image = image_of(batch, options.image, "jpeg")
        compressed = jpeg(
            image.clamp(0, 1),
            uniform(options.quality, len(image), generator),
            differentiable=options.differentiable,
            luma_table=options.luma_table,
        )
        return batch | {options.image: compressed}


class _Constants:
    """Matrices and tables on a device; tables ``(8, 1, 8)`` fit blocks ``(..., 8, W/8, 8)``."""

    def __init__(self, luma_table: LumaTable, dtype: torch.dtype, device: torch.device) -> None:
        def tensor(values: object) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)

        luma = tensor(_LUMA) if luma_table == "standard" else tensor(_LUMA).T
        self.luma, self.chroma = luma.reshape(8, 1, 8), tensor(_CHROMA).reshape(8, 1, 8)
        self.to_ycbcr, self.to_rgb = tensor(_TO_YCBCR), tensor(_TO_RGB)
        self.dct = tensor(
            [
                [
                    math.sqrt((2 if u else 1) / 8) * math.cos((2 * x + 1) * u * math.pi / 16)
                    for x in range(8)
                ]
                for u in range(8)
            ]
        )


@lru_cache(maxsize=16)
def _constants(luma_table: LumaTable, dtype: torch.dtype, device: torch.device) -> _Constants:
    # Cached tensors must stay usable in autograd even if made during inference.
    with torch.inference_mode(False):
        return _Constants(luma_table, dtype, device)


def _table_factor(quality: Tensor) -> Tensor:
    factor = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100
    return factor.clamp(min=_SMALLEST_FACTOR)


def _mix(image: Tensor, matrix: Tensor) -> Tensor:
    """Multiply the channels of every pixel with a matrix."""
    return (matrix @ image.flatten(2)).reshape(image.shape)


def _code(
    planes: Tensor, steps: Tensor, dct: Tensor, rounding: Callable[[Tensor], Tensor]
) -> Tensor:
    """Quantize the 8x8 cosine coefficients of planes ``(N, C, H, W)``."""
    count, channels, height, width = planes.shape
    rows = (count, channels, height // 8, 8, width)
    blocks = (count, channels, height // 8, 8, width // 8, 8)
    coefficients = (dct @ planes.reshape(rows)).reshape(blocks) @ dct.T
    coefficients = rounding(coefficients / steps) * steps
    return (dct.T @ (coefficients @ dct).reshape(rows)).reshape(planes.shape)


def _smooth_round(values: Tensor) -> Tensor:
    whole = values.round()
    return whole + (values - whole) ** 3
