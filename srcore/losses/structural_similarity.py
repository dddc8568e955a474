"""1 - SSIM at one scale and at several, differentiable."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.losses.comparison import ComparisonLoss
from srcore.losses.options import MSSSIMLossOptions, SSIMLossOptions
from srcore.metrics.multi_scale_similarity import EXPONENTS
from srcore.options.declaration import defaults
from srcore.transforms.blur import gaussian_taps, separable_blur

_MS_SSIM = defaults(MSSSIMLossOptions)
_SSIM = defaults(SSIMLossOptions)

#: (0.01 L)^2 and (0.03 L)^2 of images with the range L = 1.
C1, C2 = 0.01**2, 0.03**2
#: What negative similarities are raised to a power as; its slope stays finite.
_LEAST = 1e-6


def similarity_maps(a: Tensor, b: Tensor, taps: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Maps of luminance, and of contrast times structure, where the window lies inside.

    With local means m, variances v and covariance c by a Gaussian window:
    ``(2 m_a m_b + C1) / (m_a^2 + m_b^2 + C1)`` and ``(2 c + C2) / (v_a + v_b + C2)``
    (Wang et al. 2004, eq. 6 and 9 with C3 = C2 / 2).

    Args:
        a: ``(N, C, H, W)`` in [0, 1], float32 or float64.
        b: the same shape.
        taps: weights of the window along an axis.

    Returns:
        Two maps ``(N, C, H - k + 1, W - k + 1)`` for k taps.
    """
    stacked = torch.stack([a, b, a * b, a.square() + b.square()])
    mean_a, mean_b, product, squares = separable_blur(stacked, taps, "valid")
    # The two variances occur only as a sum, which takes one blur instead of two.
    means, both = mean_a * mean_b, mean_a.square() + mean_b.square()
    luminance = (2 * means + C1) / (both + C1)
    return luminance, (2 * (product - means) + C2) / (squares - both + C2)


def halved(image: Tensor) -> Tensor:
    """Mean of squares of 2x2 pixels; the last row and column of odd sides count twice.

    ``(N, C, H, W)`` -> ``(N, C, ceil(H / 2), ceil(W / 2))``, in the same range.
    """
    height, width = image.shape[-2:]
    if height % 2 or width % 2:
        image = F.pad(image, (0, width % 2, 0, height % 2), mode="replicate")
    return F.avg_pool2d(image, 2)


class SSIMLoss(ComparisonLoss):
    """``1 - SSIM`` (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004, eq. 13).

    The mean over all positions where the window lies inside the image, all channels and images;
    biased variances, range 1: on gray levels of 255 it is 1 less the metric ``ssim`` on RGB.

        [[losses]]
        type = "ssim"
        weight = 0.1

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 16, 16), 0.5), torch.zeros(1, 3, 16, 16)
    >>> SSIMLoss()(LossContext({"hr": hr}, sr, iteration=1))  # no structure, other means
    tensor(0.9996)

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.
        window_size: odd side of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
    """

    name = "ssim"

    def __init__(
        self,
        target: str = _SSIM.target,
        window_size: int = _SSIM.window_size,
        sigma: float = _SSIM.sigma,
    ) -> None:
        super().__init__(target)
        self.taps = gaussian_taps(window_size, sigma)
        self.least_side = window_size

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        luminance, structure = similarity_maps(sr, target, self.taps)
        return 1 - (luminance * structure).mean()


class MSSSIMLoss(ComparisonLoss):
    """``1 - MS-SSIM`` (Wang, Simoncelli, Bovik, Asilomar 2003, eq. 7).

    ``l_M^w_M * prod_j cs_j^w_j`` per image and channel, then the mean: contrast and structure at
    every scale, luminance at the coarsest. Every scale halves the image by means of 2x2 pixels, as
    the authors' program. Negative similarities count as 1e-6.

    Zhao et al., "Loss Functions for Image Restoration with Neural Networks", IEEE TCI 2017, mix it
    with L1 (0.84 and 0.16).

        [[losses]]
        type = "ms_ssim"
        weight = 0.84
        scales = 3  # crops of 128 pixels are too small for 5

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 44, 44), 0.5), torch.zeros(1, 3, 44, 44)
    >>> MSSSIMLoss(scales=3)(LossContext({"hr": hr}, sr, iteration=1))
    tensor(0.9759)

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.
        scales: how many; with fewer than the published 5 the first exponents are taken, scaled to
            the sum that all of them have.
        window_size: odd side of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
    """

    name = "ms_ssim"

    def __init__(
        self,
        target: str = _MS_SSIM.target,
        scales: int = _MS_SSIM.scales,
        window_size: int = _MS_SSIM.window_size,
        sigma: float = _MS_SSIM.sigma,
    ) -> None:
        super().__init__(target)
        taken = EXPONENTS[:scales]
        self.exponents = [it * sum(EXPONENTS) / sum(taken) for it in taken]
        self.taps = gaussian_taps(window_size, sigma)
        self.least_side = (window_size - 1) * 2 ** (scales - 1) + 1

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        similarity = torch.ones_like(sr[..., 0, 0])  # (N, C)
        for number, exponent in enumerate(self.exponents, 1):
            luminance, structure = similarity_maps(sr, target, self.taps)
            if number == len(self.exponents):
                structure = luminance * structure
            mean = structure.mean((2, 3))
            similarity = similarity * mean.clamp(min=_LEAST) ** exponent
            sr, target = halved(sr), halved(target)
        return 1 - similarity.mean()
