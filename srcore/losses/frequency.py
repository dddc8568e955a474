"""Distances between the spectra of two images."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from srcore.errors import SrcoreError
from srcore.losses.comparison import ComparisonLoss
from srcore.losses.options import FocalFrequencyOptions, FrequencyOptions
from srcore.options.declaration import defaults

_FOCAL_FREQUENCY = defaults(FocalFrequencyOptions)
_FREQUENCY = defaults(FrequencyOptions)

SpectrumParts = Literal["complex", "amplitude_phase"]
FourierNorm = Literal["ortho", "backward"]

#: Fourier coefficients below it have no phase to speak of, and an endless slope of it.
_LEAST_AMPLITUDE = 1e-6


def complex_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean of ``|Re(a - b)|`` and ``|Im(a - b)|`` over all coefficients.

    Coefficients are complex, ``(N, C, H, W // 2 + 1)``; the result is one value.
    """
    return torch.view_as_real(a - b).abs().mean()


def amplitude_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean of ``||a| - |b||`` over all coefficients.

    Coefficients are complex, ``(N, C, H, W // 2 + 1)``; the result is one value.
    """
    return (a.abs() - b.abs()).abs().mean()


def phase_distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean angle between coefficients, in [0, pi]; 0 where either is nearly 0.

    Coefficients are complex, ``(N, C, H, W // 2 + 1)``; the result is one value.
    """
    product = a * b.conj()
    tells = (a.abs() > _LEAST_AMPLITUDE) & (b.abs() > _LEAST_AMPLITUDE)
    safe = torch.where(tells, product, torch.ones_like(product))
    return torch.where(tells, safe.angle().abs(), torch.zeros_like(safe.real)).mean()


class FrequencyLoss(ComparisonLoss):
    """Distance of the Fourier transforms F of the generator's output and of the target.

    ``parts = "complex"``: ``mean |F(sr) - F(hr)|`` of real and imaginary parts (Cho et al.,
    MIMO-UNet, ICCV 2021). ``parts = "amplitude_phase"``:
    ``a mean ||F(sr)| - |F(hr)|| + p mean |angle(F(sr)) - angle(F(hr))|`` (Fuoli, Van Gool, Timofte,
    "Fourier Space Losses for Efficient Perceptual Image Super-Resolution", ICCV 2021,
    with a = p = 1/2). Half of the spectrum is looked at, as that of real images is symmetric.

    Other than Fuoli et al., who subtract angles as they are and multiply images by a window first:
    angles that differ by nearly a full turn are near, coefficients below 1e-6 have no phase, and
    there is no window. No option brings these back. Plain angles jump by 2 pi between neighbors,
    and the phase of what is nearly 0 is rounding: both send gradients that mean nothing. A window
    takes the border of every crop out of the loss; the seam that it avoids is in both spectra.

        [[losses]]
        type = "frequency"
        weight = 0.1

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> FrequencyLoss()(LossContext({"hr": hr}, sr, iteration=1))  # 2 of 24 numbers
    tensor(0.0833)

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.
        parts: what is compared of the coefficients.
        amplitude: weight a, of ``"amplitude_phase"``.
        phase: weight p, of ``"amplitude_phase"``.
        norm: ``"ortho"`` divides by ``sqrt(H W)``, so that the value does not depend on the size
            of the crops; ``"backward"`` does not divide, as in the papers.
    """

    name = "frequency"

    def __init__(
        self,
        target: str = _FREQUENCY.target,
        parts: SpectrumParts = _FREQUENCY.parts,
        amplitude: float = _FREQUENCY.amplitude,
        phase: float = _FREQUENCY.phase,
        norm: FourierNorm = _FREQUENCY.norm,
    ) -> None:
        super().__init__(target)
        self.parts, self.norm = parts, norm
        self.amplitude, self.phase = amplitude, phase

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        a, b = (torch.fft.rfft2(image, norm=self.norm) for image in (sr, target))
        if self.parts == "complex":
            return complex_distance(a, b)
        return self.amplitude * amplitude_distance(a, b) + self.phase * phase_distance(a, b)


class FocalFrequencyLoss(ComparisonLoss):
    """Squared distance of spectra, most where it is large already.

    ``mean w(u, v) |F(sr) - F(hr)|^2`` with ``w = |F(sr) - F(hr)|^alpha``, divided by its largest
    value in the channel and constant for the gradient (Jiang, Dai, Wu, Loy, "Focal Frequency Loss
    for Image Reconstruction and Synthesis", ICCV 2021). F is orthonormal.

        [[losses]]
        type = "focal_frequency"

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> FocalFrequencyLoss()(LossContext({"hr": hr}, sr, iteration=1))  # 2^2 at 1 of 16
    tensor(0.2500)

    Args:
        target: batch entry to compare with, ``(N, C, H, W)`` like ``sr``.
        alpha: exponent of the weight; 0: all frequencies count the same.
        patch_factor: images are cut into that many pieces per side, each with a spectrum of its
            own; it must divide the side of the crops.
    """

    name = "focal_frequency"

    def __init__(
        self,
        target: str = _FOCAL_FREQUENCY.target,
        alpha: float = _FOCAL_FREQUENCY.alpha,
        patch_factor: int = _FOCAL_FREQUENCY.patch_factor,
    ) -> None:
        super().__init__(target)
        self.alpha, self.patch_factor = alpha, patch_factor

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        pieces = self._pieces(sr - target)
        squares = torch.view_as_real(torch.fft.fft2(pieces, norm="ortho")).square().sum(-1)
        weights = squares.detach() ** (self.alpha / 2)
        largest = weights.amax((-2, -1), keepdim=True)
        weights = weights / torch.where(largest > 0, largest, torch.ones_like(largest))
        return (weights * squares).mean()

    def _pieces(self, image: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> ``(N, C, k, k, H / k, W / k)``."""
        count = self.patch_factor
        height, width = image.shape[-2:]
        if height % count or width % count:
            raise SrcoreError(
                f'loss "{self.name}": patch_factor = {count} does not divide images of '
                f"{width}x{height}; choose another, or other crops"
            )
        sides = (count, height // count, count, width // count)
        return image.reshape(*image.shape[:2], *sides).transpose(3, 4)
