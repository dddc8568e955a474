"""Gaussian and Poisson noise, in color or equal in all channels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from srcore.transforms.batch import happens, image_of, uniform
from srcore.transforms.options import GaussianNoiseOptions, PoissonNoiseOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch

#: Weights of red, green and blue in the image that drives gray Poisson noise.
_GRAY_WEIGHTS = (0.2989, 0.587, 0.114)


def gaussian_noise(color: Tensor, pattern: Tensor, sigma: Tensor, gray: Tensor) -> Tensor:
    """Scale standard normal numbers to noise.

    Args:
        color: standard normals ``(N, C, H, W)`` of the color samples.
        pattern: standard normals ``(H, W)`` that all gray samples share (as published).
        sigma: standard deviations in gray levels of 255, ``(N,)``.
        gray: booleans ``(N,)``.

    Returns:
        Noise ``(N, C, H, W)`` for images in [0, 1].
    """
    return torch.where(_per_image(gray), pattern, color) * _per_image(sigma / 255)


def poisson_noise(
    image: Tensor, scale: Tensor, gray: Tensor, draw: Callable[[Tensor], Tensor]
) -> Tensor:
    """Shot noise: scale * (Poisson(q * levels)/levels - q), q being the image in 8 bits.

    Args:
        image: ``(N, C, H, W)``; values outside [0, 1] count as the nearest limit.
        scale: strengths ``(N,)``.
        gray: booleans ``(N,)``: noise of the luminance, equal in all channels.
        draw: rates -> Poisson numbers.

    Returns:
        Noise ``(N, C, H, W)``.
    """
    noise = image.new_empty(image.shape)
    noise[~gray] = _shot_noise(image[~gray], draw)
    weights = image.new_tensor(_GRAY_WEIGHTS).view(1, -1, 1, 1)
    colors = image[gray][:, : len(_GRAY_WEIGHTS)]  # alpha is not seen, but gets the noise
    luminance = (colors * weights).sum(dim=1, keepdim=True)
    noise[gray] = _shot_noise(luminance, draw).expand(-1, image.shape[1], -1, -1)
    return noise * _per_image(scale)


def poisson_levels(image: Tensor) -> Tensor:
    """Levels ``(N,)`` of each image: its number of distinct 8-bit values, up to a power of two."""
    values = (image * 255).round().clamp(0, 255).long().flatten(1)
    present = torch.zeros(len(image), 256, dtype=torch.float64, device=image.device)
    distinct = present.scatter_(1, values, 1.0).sum(dim=1)
    return (2 ** distinct.log2().ceil()).to(image.dtype)


def add_gaussian_noise(
    image: Tensor, sigma: Tensor, gray: Tensor, generator: torch.Generator
) -> Tensor:
    """Image plus :func:`gaussian_noise`, clamped to [0, 1].

    Images are ``(N, C, H, W)`` in [0, 1]; ``sigma`` and ``gray`` are ``(N,)``.
    """
    color = _normals(image, image.shape, generator)
    pattern = _normals(image, image.shape[-2:], generator)
    return (image + gaussian_noise(color, pattern, sigma, gray)).clamp(0, 1)


def add_poisson_noise(
    image: Tensor, scale: Tensor, gray: Tensor, generator: torch.Generator
) -> Tensor:
    """Image plus :func:`poisson_noise`, clamped to [0, 1].

    Images are ``(N, C, H, W)`` in [0, 1]; ``scale`` and ``gray`` are ``(N,)``.
    """

    def draw(rates: Tensor) -> Tensor:
        return torch.poisson(rates, generator=generator)

    return (image + poisson_noise(image, scale, gray, draw)).clamp(0, 1)


class GaussianNoise:
    """Transform ``gaussian_noise``.

    >>> import torch
    >>> noise = GaussianNoise(scale=4, image="hr", sigma=(25.5, 25.5))
    >>> batch = {"hr": torch.full((1, 3, 32, 32), 0.5)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> bool((noise(batch, generator)["hr"].std() - 0.1).abs() < 0.01)  # 25.5 of 255
    True
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = GaussianNoiseOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Add noise to one tensor of the batch."""
        options = self.options
        image = image_of(batch, options.image, "gaussian_noise")
        sigma = uniform(options.sigma, len(image), generator)
        gray = happens(options.gray_probability, len(image), generator)
        noisy = add_gaussian_noise(image, sigma, gray, generator)
        return batch | {options.image: quantized(noisy) if options.quantize else noisy}


class PoissonNoise:
    """Transform ``poisson_noise``.

    >>> import torch
    >>> noise = PoissonNoise(scale=4, image="hr", strength=(1.0, 1.0))
    >>> batch = {"hr": torch.rand(1, 3, 16, 16)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> noisy = noise(batch, generator)["hr"]
    >>> noisy.shape, bool(noisy.min() >= 0), bool(noisy.max() <= 1)
    (torch.Size([1, 3, 16, 16]), True, True)
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = PoissonNoiseOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Add noise to one tensor of the batch."""
        options = self.options
        image = image_of(batch, options.image, "poisson_noise")
        strength = uniform(options.strength, len(image), generator)
        gray = happens(options.gray_probability, len(image), generator)
        noisy = add_poisson_noise(image, strength, gray, generator)
        return batch | {options.image: quantized(noisy) if options.quantize else noisy}


def quantized(image: Tensor) -> Tensor:
    """Values clamped to [0, 1] and rounded to multiples of 1/255.

    Images are ``(N, C, H, W)`` or of any shape.
    """
    return (image * 255).round().clamp(0, 255) / 255


def _normals(image: Tensor, shape: torch.Size, generator: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=generator, device=image.device, dtype=image.dtype)


def _shot_noise(image: Tensor, draw: Callable[[Tensor], Tensor]) -> Tensor:
    levels = _per_image(poisson_levels(image))
    exact = quantized(image)
    return draw(exact * levels) / levels - exact


def _per_image(values: Tensor) -> Tensor:
    return values[:, None, None, None]
