"""Noise on what the discriminator sees."""

from __future__ import annotations

import math
from typing import Literal

import attrs
import torch
from torch import Tensor

from srcore.options.declaration import defaults
from srplug_esrdgan.options import InstanceNoiseOptions

_DEFAULT = defaults(InstanceNoiseOptions)

Kind = Literal["fading_normal", "growing_uniform"]


def amplitude(
    kind: Kind, progress: float, *, sigma: float = _DEFAULT.sigma, end: float = _DEFAULT.end
) -> float:
    """Factor of the random numbers at ``progress`` in [0, 1].

    ``fading_normal``: ``sigma sqrt(1 - progress / end)``, 0 from ``end`` on: the variance falls
    linearly from sigma^2 to 0. ``growing_uniform``: ``sigma sqrt(progress)``.
    """
    if kind == "growing_uniform":
        return sigma * math.sqrt(progress)
    return sigma * math.sqrt(max(0.0, 1.0 - progress / end))


@attrs.frozen(kw_only=True)
class InstanceNoise:
    """Adds noise that fades over the training, drawn anew for every batch that is judged.

    Real and generated images overlap from the start, so that the discriminator cannot separate
    them perfectly (Sonderby et al. 2017, arXiv 1610.04490). Usable with any discriminator:

        [[discriminator.inputs]]
        type = "instance_noise"
        sigma = 1.0

    The published program adds uniform numbers of mean 0.5 that grow over the training instead
    (``kind = "growing_uniform"``).

    Attributes:
        sigma: standard deviation at the start, for images in [0, 1].
        end: share of the training after which the images stay as they are.
        kind: see :func:`amplitude`.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> noise = InstanceNoise(sigma=0.5, end=0.8)
    >>> image = torch.zeros(1, 3, 64, 64)
    >>> round(noise(image, progress=0.0, generator=generator).std().item(), 1)
    0.5
    >>> noise(image, progress=0.8, generator=generator).std()
    tensor(0.)
    """

    sigma: float = _DEFAULT.sigma
    end: float = _DEFAULT.end
    kind: Kind = _DEFAULT.kind

    def __call__(self, image: Tensor, *, progress: float, generator: torch.Generator) -> Tensor:
        """``(N, C, H, W)`` -> the same with noise; differentiable."""
        factor = amplitude(self.kind, progress, sigma=self.sigma, end=self.end)
        if factor == 0:
            return image
        draw = torch.randn if self.kind == "fading_normal" else torch.rand
        noise = draw(image.shape, generator=generator, device=image.device, dtype=image.dtype)
        return torch.add(image, noise, alpha=factor)
