"""Blur kernels by the batch: Gaussian families and sinc, by formula and at random.

Wang et al., "Real-ESRGAN", ICCVW 2021, section 3; generalized and plateau shapes from Liu et al.,
"Estimating generalized Gaussian blur kernels", 2020. With q = d^T Sigma^-1 d and
Sigma = R diag(sigma_x^2, sigma_y^2) R^T: Gaussian exp(-q/2), generalized exp(-q^beta/2), plateau
1/(1 + q^beta). All kernels sum to 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from srcore.transforms.batch import happens, uniform

if TYPE_CHECKING:
    from srcore.options import Range
    from srcore.transforms.options import KernelOptions

#: Kinds of random kernels, in the order of ``KernelOptions.kind_weights``.
KINDS = ("iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso")


def gaussian_kernels(
    width: int,
    size: Tensor,
    sigma_x: Tensor,
    sigma_y: Tensor,
    theta: Tensor,
    beta: Tensor,
    plateau: Tensor,
) -> Tensor:
    """Kernels of the Gaussian families, each centered in a frame of zeros.

    Args:
        width: odd side of the frame.
        size: odd sides of the kernels ``(N,)``, at most ``width``.
        sigma_x: standard deviation along the first axis in pixels, ``(N,)``; x runs along columns.
        sigma_y: along the second axis; equal to ``sigma_x`` for isotropic kernels.
        theta: rotation in radians ``(N,)``.
        beta: exponent ``(N,)``; 1 is the Gaussian proper.
        plateau: booleans ``(N,)``: 1/(1 + q^beta) instead of exp(-q^beta/2).

    Returns:
        ``(N, width, width)``, float64.
    """
    x, y = _offsets(width, size.device)
    cos, sin = _per_kernel(theta).cos(), _per_kernel(theta).sin()
    along = (cos * x + sin * y) / _per_kernel(sigma_x)
    across = (cos * y - sin * x) / _per_kernel(sigma_y)
    power = (along.square() + across.square()) ** _per_kernel(beta)
    values = torch.where(plateau[:, None, None], 1 / (1 + power), torch.exp(-power / 2))
    return _normalized_kernels(values, size)


def sinc_kernels(width: int, size: Tensor, cutoff: Tensor) -> Tensor:
    """Circular low-pass filters c J1(c r)/(2 pi r) that ring, each centered in a frame of zeros.

    Args:
        width: odd side of the frame.
        size: odd sides of the kernels ``(N,)``, at most ``width``.
        cutoff: cutoff c in radians ``(N,)``, up to pi.

    Returns:
        ``(N, width, width)``, float64.
    """
    x, y = _offsets(width, size.device)
    radius = (x.square() + y.square()).sqrt()
    c = _per_kernel(cutoff)
    away = c * torch.special.bessel_j1(c * radius) / (2 * math.pi * radius.clamp(min=0.5))
    return _normalized_kernels(torch.where(radius == 0, c.square() / (4 * math.pi), away), size)


def impulse(width: int, device: torch.device) -> Tensor:
    """The kernel ``(width, width)`` that changes nothing, float64."""
    kernel = torch.zeros(width, width, dtype=torch.float64, device=device)
    kernel[width // 2, width // 2] = 1
    return kernel


def draw_kernels(options: KernelOptions, count: int, generator: torch.Generator) -> Tensor:
    """Random kernels ``(count, width, width)``, float32; width is the largest allowed size."""
    size = draw_sizes(options.sizes, count, generator)
    sinc = happens(options.sinc_probability, count, generator)
    cutoff = torch.where(
        size < 13,
        uniform(options.sinc_cutoff_small, count, generator),
        uniform(options.sinc_cutoff, count, generator),
    )
    weights = torch.tensor(options.kind_weights, device=generator.device)
    kind = torch.multinomial(weights, count, replacement=True, generator=generator)
    sigma_x, sigma_y = (uniform(options.sigma, count, generator) for _ in range(2))
    theta = uniform(options.rotation, count, generator)
    generalized = _draw_exponents(options.generalized_beta, count, generator)
    plateau = _draw_exponents(options.plateau_beta, count, generator)
    iso = kind % 2 == 0
    beta = torch.where(kind < 2, 1.0, torch.where(kind < 4, generalized, plateau))
    width = options.sizes[1]
    gaussians = gaussian_kernels(
        width, size, sigma_x, torch.where(iso, sigma_x, sigma_y), theta * ~iso, beta, kind >= 4
    )
    ringing = sinc_kernels(width, size, cutoff)
    return torch.where(sinc[:, None, None], ringing, gaussians).float()


def draw_sinc_or_impulse(
    probability: float,
    sizes: tuple[int, int],
    cutoff: Range,
    count: int,
    generator: torch.Generator,
) -> Tensor:
    """Sinc kernels with the given probability, else impulses: ``(count, width, width)``."""
    size = draw_sizes(sizes, count, generator)
    ringing = sinc_kernels(sizes[1], size, uniform(cutoff, count, generator))
    chosen = happens(probability, count, generator)[:, None, None]
    return torch.where(chosen, ringing, impulse(sizes[1], size.device)).float()


def draw_sizes(limits: tuple[int, int], count: int, generator: torch.Generator) -> Tensor:
    """Odd sizes, all equally likely.

    They are ``(count,)`` int64 between the limits, which are odd.
    """
    choices = (limits[1] - limits[0]) // 2 + 1
    steps = torch.randint(choices, (count,), generator=generator, device=generator.device)
    return limits[0] + 2 * steps


def _draw_exponents(limits: Range, count: int, generator: torch.Generator) -> Tensor:
    """Half the draws below 1, half above: flat and peaked shapes are equally frequent."""
    low = uniform((limits[0], 1.0), count, generator)
    high = uniform((1.0, limits[1]), count, generator)
    return torch.where(happens(0.5, count, generator), low, high)


def _offsets(width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    offsets = torch.arange(width, dtype=torch.float64, device=device) - width // 2
    return offsets, offsets[:, None]


def _per_kernel(values: Tensor) -> Tensor:
    return values.double()[:, None, None]


def _normalized_kernels(values: Tensor, size: Tensor) -> Tensor:
    x, y = _offsets(values.shape[-1], values.device)
    inside = torch.maximum(x.abs(), y.abs()) <= (size // 2)[:, None, None]
    values = values * inside
    return values / values.sum(dim=(1, 2), keepdim=True)
