"""Filters of both trainings: Gaussian low-pass, normalized high-pass, gradient map."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from srcore.options.declaration import defaults
from srcore.transforms.blur import gaussian_blur
from srplug_usrdu.options import HighPassOptions

_DEFAULT = defaults(HighPassOptions)

_DEFAULT = defaults(HighPassOptions)

Border = Literal["reflect", "zero", "valid"]


def low_pass(image: Tensor, kernel_size: int, border: Border = _DEFAULT.border) -> Tensor:
    """Gaussian of ``kernel_size`` taps and sigma = kernel_size / 6.

    Args:
        image: ``(N, C, H, W)``, any floating type; in float32 at least inside.
        kernel_size: odd.
        border: ``"zero"`` and ``"reflect"`` keep the size, ``"valid"`` shrinks it by the number
            of taps less one.
    """
    return gaussian_blur(image, kernel_size, kernel_size / 6, border)


def high_pass(image: Tensor, kernel_size: int, border: Border = _DEFAULT.border) -> Tensor:
    """``0.5 + 0.5 (x - low(x))`` of ``(N, C, H, W)``, within [0, 1] for images in [0, 1]."""
    return 0.5 + 0.5 * (image - low_pass(image, kernel_size, border))


def gradient_map(image: Tensor) -> Tensor:
    """``|x[i,j+1] - x[i,j]| + |x[i+1,j] - x[i,j]|`` of every color channel, in [0, 2].

    Differences are forward ones; the last column has no horizontal part, the last row no vertical
    one. ``(N, C, H, W)`` -> ``(N, C, H, W)``.
    """
    horizontal = (image[..., :, 1:] - image[..., :, :-1]).abs()
    vertical = (image[..., 1:, :] - image[..., :-1, :]).abs()
    pad = torch.nn.functional.pad
    return pad(horizontal, (0, 1, 0, 0)) + pad(vertical, (0, 0, 0, 1))


class HighPass:
    """Discriminator input ``high_pass``: see :func:`high_pass`.

    >>> import torch
    >>> flat = torch.full((1, 3, 32, 32), 0.25)
    >>> filtered = HighPass(kernel_size=5, border="reflect")(
    ...     flat, progress=0.5, generator=torch.Generator()
    ... )
    >>> round(filtered.mean().item(), 4)
    0.5
    """

    def __init__(
        self, *, kernel_size: int = _DEFAULT.kernel_size, border: Border = _DEFAULT.border
    ) -> None:
        self.kernel_size = kernel_size
        self.border: Border = border

    def __call__(self, image: Tensor, *, progress: float, generator: torch.Generator) -> Tensor:
        """``(N, 3, H, W)`` -> ``(N, 3, H, W)``."""
        return high_pass(image, self.kernel_size, self.border)


class GradientMap:
    """Show the discriminator how much neighboring pixels differ: see :func:`gradient_map`.

    >>> import torch
    >>> steps = torch.tensor([[0.0, 1.0], [0.0, 1.0]]).expand(1, 1, 2, 2)
    >>> GradientMap()(steps, progress=0.5, generator=torch.Generator())
    tensor([[[[1., 0.],
              [1., 0.]]]])
    """

    def __call__(self, image: Tensor, *, progress: float, generator: torch.Generator) -> Tensor:
        """``(N, 3, H, W)`` -> ``(N, 3, H, W)``."""
        return gradient_map(image)
