"""What lenses and hands do: motion, focus, colors of different size; and interlacing, halos."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.transforms.batch import uniform
from srcore.transforms.blur import filter2d
from srplug_degradations.base import ImageDegradation, draw_numbers, per_image
from srplug_degradations.options import (
    ChromaticAberrationOptions,
    HalosOptions,
    InterlacingOptions,
    LensBlurOptions,
    MotionBlurOptions,
)

#: Points of a pixel's side at which a disk is looked at.
_FINE = 8


def motion_kernels(length: Tensor, angle: Tensor, width: int) -> Tensor:
    """Lines ``(N, width, width)`` that sum to 1: points of the line are shared among four pixels.

    Args:
        length: of the lines in pixels, ``(N,)``; a line of length 1 is a point.
        angle: in radians, ``(N,)``, from the row axis downwards.
        width: odd side, larger than the longest line.
    """
    along = torch.linspace(-0.5, 0.5, 4 * width + 1, device=length.device, dtype=torch.float64)
    points = along * (length - 1)[:, None]
    center = width // 2
    offsets = torch.arange(width, device=length.device) - center
    near_x = (1 - (points * angle.cos()[:, None])[..., None].sub(offsets).abs()).clamp(min=0)
    near_y = (1 - (points * angle.sin()[:, None])[..., None].sub(offsets).abs()).clamp(min=0)
    kernels = torch.einsum("npy,npx->nyx", near_y, near_x)
    return kernels / kernels.sum((1, 2), keepdim=True)


def disk_kernels(radius: Tensor, width: int) -> Tensor:
    """Disks ``(N, width, width)`` that sum to 1: a pixel counts by its share that they cover.

    Args:
        radius: in pixels, ``(N,)``.
        width: odd side, at least twice the largest radius and one.
    """
    fine = (torch.arange(width * _FINE, device=radius.device, dtype=torch.float64) + 0.5) / _FINE
    fine = fine - width / 2
    covered = fine[:, None].square() + fine.square() <= radius[:, None, None].square()
    kernels = F.avg_pool2d(covered.double()[:, None], _FINE)[:, 0]
    return kernels / kernels.sum((1, 2), keepdim=True)


class MotionBlur(ImageDegradation):
    """Transform ``motion_blur``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = MotionBlur(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "motion_blur", MotionBlurOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image along a line of its own."""
        options = self.options
        length = uniform(options.length, len(image), generator).double()
        angle = uniform(options.angle, len(image), generator).double() * (math.pi / 180)
        width = 2 * math.ceil(options.length[1] / 2) + 1
        return filter2d(image, motion_kernels(length, angle, width).to(image.device))


class LensBlur(ImageDegradation):
    """Transform ``lens_blur``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = LensBlur(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "lens_blur", LensBlurOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Every image with a disk of its own."""
        radius = uniform(self.options.radius, len(image), generator).double()
        width = 2 * math.ceil(self.options.radius[1]) + 1
        return filter2d(image, disk_kernels(radius, width).to(image.device))


class ChromaticAberration(ImageDegradation):
    """Transform ``chromatic_aberration``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = ChromaticAberration(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "chromatic_aberration", ChromaticAberrationOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Green stays; red and blue are seen at other distances from the center."""
        shift = uniform(self.options.shift, len(image), generator).to(image.device, image.dtype)
        height, width = image.shape[-2:]
        corner = math.hypot(height / 2, width / 2)
        planes = [
            _about_center(image[:, number : number + 1], 1 + sign * shift / corner)
            for number, sign in ((0, 1), (1, 0), (2, -1))
        ]
        return torch.cat((planes[0], image[:, 1:2], planes[2]), dim=1)


class Interlacing(ImageDegradation):
    """Transform ``interlacing``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = Interlacing(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "interlacing", InterlacingOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Odd rows are of a moment later, when the image has moved sideways."""
        count = len(image)
        kinds = draw_numbers(count, len(self.options.kinds), generator)
        shift = uniform(self.options.shift, count, generator).to(image.device, image.dtype)
        later = _moved_right(image, shift)
        results = []
        for n, kind in enumerate(self.options.kinds[number] for number in kinds):
            first, second = image[n], later[n]
            results.append(
                {"comb": _alternating_fields, "blend": _both_fields, "bob": _even_field}[kind](
                    first, second
                )
            )
        return torch.stack(results)


class Halos(ImageDegradation):
    """Transform ``halos``.

    >>> import torch
    >>> generator = torch.Generator().manual_seed(1)
    >>> batch = {"lr": torch.rand(1, 3, 16, 16)}
    >>> damaged = Halos(scale=4)(batch, generator)["lr"]
    >>> damaged.shape, torch.equal(damaged, batch["lr"])
    (torch.Size([1, 3, 16, 16]), False)
    """

    name, options_class = "halos", HalosOptions

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """The difference to a blurred image is added, more of it than is good."""
        options = self.options
        sigma = uniform(options.sigma, len(image), generator).double()
        amount = per_image(uniform(options.amount, len(image), generator), image)
        reach = math.ceil(3 * options.sigma[1])
        offsets = torch.arange(-reach, reach + 1, device=sigma.device, dtype=torch.float64)
        taps = torch.exp(-0.5 * (offsets / sigma[:, None]).square())
        kernels = taps[:, :, None] * taps[:, None]
        kernels = kernels / kernels.sum((1, 2), keepdim=True)
        return image + amount * (image - filter2d(image, kernels.to(image.device)))


def _alternating_fields(first: Tensor, second: Tensor) -> Tensor:
    rows = torch.arange(first.shape[-2], device=first.device)[:, None]
    return torch.where(rows % 2 == 0, first, second)


def _both_fields(first: Tensor, second: Tensor) -> Tensor:
    return (first + second) / 2


def _even_field(first: Tensor, second: Tensor) -> Tensor:
    """Even rows, and between them their means; below the last one it goes on."""
    above = first[..., 0::2, :]
    below = torch.cat((above[..., 1:, :], above[..., -1:, :]), dim=-2)
    result = first.clone()
    odd = result[..., 1::2, :].shape[-2]
    result[..., 1::2, :] = ((above + below) / 2)[..., :odd, :]
    return result


def _moved_right(image: Tensor, shift: Tensor) -> Tensor:
    """Images moved to the right by so many pixels each, linearly between pixels; edges go on."""
    width = image.shape[-1]
    places = (torch.arange(width, device=image.device) - shift[:, None]).clamp(0, width - 1)
    left = places.floor().long()
    right = (left + 1).clamp(max=width - 1)
    share = (places - left)[:, None, None]

    def taken(columns: Tensor) -> Tensor:
        return image.gather(-1, columns[:, None, None].expand_as(image))

    return taken(left) * (1 - share) + taken(right) * share


def _about_center(plane: Tensor, factor: Tensor) -> Tensor:
    """Planes ``(N, 1, H, W)`` enlarged about their center; edges go on."""
    theta = torch.zeros(len(plane), 2, 3, device=plane.device, dtype=plane.dtype)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 / factor
    grid = F.affine_grid(theta, list(plane.shape), align_corners=False)
    return F.grid_sample(plane, grid, padding_mode="border", align_corners=False)
