"""Brightness and colors apart, so that either can count more."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.losses.comparison import ComparisonLoss
from srcore.losses.options import ColorOptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(ColorOptions)

Space = Literal["ycbcr", "hsluv"]

#: BT.601 of R, G, B in [0, 1], full range: Y in [0, 1], Cb and Cr in [-1/2, 1/2].
_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
#: Linear sRGB to XYZ of white D65, and its inverse, as HSLuv defines them.
_XYZ = (
    (0.41239079926595, 0.35758433938387, 0.18048078840183),
    (0.21263900587151, 0.71516867876775, 0.072192315360733),
    (0.019330818715591, 0.11919477979462, 0.95053215224966),
)
_RGB = (
    (3.240969941904521, -1.537383177570093, -0.498610760293),
    (-0.96924363628087, 1.87596750150772, 0.041555057407175),
    (0.055630079696993, -0.20397695888897, 1.056971514242878),
)
_WHITE_U, _WHITE_V = 0.19783000664283, 0.46831999493879
_KAPPA, _EPSILON = 903.2962962, 0.0088564516
#: Below this no pixel has a color: keeps roots and quotients from having endless slopes.
_LEAST = 1e-6


def ycbcr(image: Tensor) -> Tensor:
    """Y in [0, 1], Cb and Cr in [-1/2, 1/2] of RGB ``(N, 3, H, W)``."""
    return _mixed(image, _YCBCR)


def hsluv(image: Tensor) -> Tensor:
    """Lightness in [0, 1] and color as a point of the unit disc, of RGB ``(N, 3, H, W)``.

    HSLuv (Boronine, www.hsluv.org): lightness and hue of CIE LUV, saturation as a fraction of the
    largest that sRGB has at that lightness and hue. Hue h and saturation s are given as
    ``s cos h`` and ``s sin h``: hues of 1 and 359 degrees are near, and gray has none. Values
    outside [0, 1] count as the nearest limit.

    Returns:
        ``(N, 3, H, W)``: lightness, s cos h, s sin h.
    """
    x, y, z = _mixed(_linear(image.clamp(0, 1)), _XYZ).unbind(1)
    # 116 y^(1/3) - 16, in the dark a straight line
    root = y.clamp(min=_EPSILON) ** (1 / 3)
    lightness = torch.where(y > _EPSILON, 116 * root - 16, _KAPPA * y)
    divisor = (x + 15 * y + 3 * z).clamp(min=_LEAST)
    u = 13 * lightness * (4 * x / divisor - _WHITE_U)
    v = 13 * lightness * (9 * y / divisor - _WHITE_V)
    chroma = (u.square() + v.square() + _LEAST).sqrt()
    cosine, sine = u / chroma, v / chroma
    largest = _largest_chroma(lightness, cosine, sine)
    # Black and white have no colors.
    colored = (lightness > 1e-2) & (lightness < 100 - 1e-2)
    scale = torch.where(colored, 1 / largest.clamp(min=_LEAST), torch.zeros_like(largest))
    return torch.stack([lightness / 100, u * scale, v * scale], 1)


def _largest_chroma(lightness: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """How far sRGB reaches at that lightness in that direction of the plane of u and v."""
    cubed = (lightness + 16) ** 3 / 1560896
    share = torch.where(cubed > _EPSILON, cubed, lightness / _KAPPA)
    lengths = []
    for m1, m2, m3 in _RGB:
        for limit in (0, 1):  # where this color is nothing, and where it is all
            rise = (284517 * m1 - 94839 * m3) * share
            above = (838422 * m3 + 769860 * m2 + 731718 * m1) * lightness * share
            above = above - 769860 * limit * lightness
            run = (632260 * m3 - 126452 * m2) * share + 126452 * limit
            run = torch.where(run.abs() < _LEAST, torch.full_like(run, _LEAST), run)
            slope, intercept = rise / run, above / run
            towards = sine - slope * cosine
            safe = torch.where(towards.abs() < _LEAST, torch.full_like(towards, _LEAST), towards)
            length = intercept / safe
            lengths.append(torch.where(length >= 0, length, torch.full_like(length, 1e6)))
    return torch.stack(lengths).amin(0)


def _linear(image: Tensor) -> Tensor:
    """Light of sRGB values."""
    power = ((image.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(image > 0.04045, power, image / 12.92)


def _mixed(image: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    return torch.einsum("ij,njhw->nihw", image.new_tensor(matrix), image)


class ColorLoss(ComparisonLoss):
    """Brightness and color of the generator's output against the target's.

    ``a mean |dL| + b mean |dC|`` with L the brightness and C the two coordinates of color, in
    YCbCr (BT.601, full range) or in HSLuv (www.hsluv.org; see :func:`hsluv`). With ``pool = k`` the
    means of squares of k x k pixels are compared: wrong tints count, texture does not, as with the
    blurred images of DPED's color loss (Ignatov et al., ICCV 2017).

        [[losses]]
        type = "color"
        luma = 0.0  # another loss does that
        chroma = 1.0

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> gray, red = torch.full((1, 3, 4, 4), 0.3), torch.zeros(1, 3, 4, 4)
    >>> red[:, 0] = 1.0
    >>> ColorLoss(chroma=0.0)(LossContext({"hr": red}, gray, iteration=1))  # Y of red is 0.299
    tensor(0.0010)

    Args:
        target: batch entry to compare with, ``(N, 3, H, W)`` like ``sr``.
        space: ``"ycbcr"`` or ``"hsluv"``.
        luma: weight a of brightness.
        chroma: weight b of color.
        pool: side k of the squares whose means are compared, in pixels; rests at the edge are left
            out.
    """

    name = "color"

    def __init__(
        self,
        target: str = _DEFAULT.target,
        space: Space = _DEFAULT.space,
        luma: float = _DEFAULT.luma,
        chroma: float = _DEFAULT.chroma,
        pool: int = _DEFAULT.pool,
    ) -> None:
        super().__init__(target)
        self.convert = ycbcr if space == "ycbcr" else hsluv
        self.luma, self.chroma = luma, chroma
        self.pool = self.least_side = pool

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        a, b = (self.convert(F.avg_pool2d(image, self.pool)) for image in (sr, target))
        difference = (a - b).abs()
        return self.luma * difference[:, :1].mean() + self.chroma * difference[:, 1:].mean()
