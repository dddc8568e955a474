"""Batch transforms: the reference of the DSN, Laplace samples of low-resolution images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.options.declaration import defaults
from srcore.transforms.batch import image_of
from srcore.transforms.resize import resize
from srplug_usrdu.kernels import correlate, list_kernels, read_kernel
from srplug_usrdu.losses import GRAY_LEVELS
from srplug_usrdu.options import LaplaceSamplingOptions, ReferenceOptions
from srplug_usrdu.weights import load_dsn

if TYPE_CHECKING:
    from srcore.contracts import Batch

_LAPLACE_SAMPLING = defaults(LaplaceSamplingOptions)
_REFERENCE = defaults(ReferenceOptions)


class Reference:
    """Transform ``usrdu_reference``: ``lr_reference`` from ``hr``, not rounded, not clamped.

    MATLAB's bicubic, or, for every image, a kernel of the folder drawn at random. (The published
    program filters 8-bit images and cuts off the fraction; differences stay below a gray level.)

    Args:
        scale: factor between the sides.
        kernels: folder of kernels, or None.

    >>> import torch
    >>> batch = {"hr": torch.rand(1, 3, 32, 32)}
    >>> Reference(scale=4)(batch, torch.Generator())["lr_reference"].shape
    torch.Size([1, 3, 8, 8])
    """

    def __init__(self, *, scale: int, kernels: Path | None = _REFERENCE.kernels) -> None:
        self.scale = scale
        self.kernels = (
            None
            if kernels is None
            else [
                torch.from_numpy(read_kernel(file)).float() for file in list_kernels(kernels, scale)
            ]
        )

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Add ``lr_reference`` ``(N, 3, H/scale, W/scale)``."""
        hr = image_of(batch, "hr", "usrdu_reference")
        if self.kernels is None:
            return batch | {"lr_reference": resize(hr, scale=1 / self.scale)}
        draws = torch.randint(
            len(self.kernels), (len(hr),), generator=generator, device=generator.device
        )
        images = [
            correlate(image, self.kernels[index].to(image), self.scale)
            for image, index in zip(hr, draws.tolist(), strict=True)
        ]
        return batch | {"lr_reference": torch.stack(images)}


class LaplaceSampling(nn.Module):
    """Transform ``laplace_sampling``: a new sample of the learned degradation in every iteration.

    ``lr + strength exp(v) z / 255`` with v the DSN's log-scale of ``hr`` and z from Laplace(0, 1);
    neither clamped nor rounded. ``lr`` is the DSN's mean image, as task ``usrdu_generate`` wrote
    it. The DSN is frozen and is no part of the generator or its files.

    Args:
        scale: factor between the sides.
        weights: file with the DSN.
        strength: factor of the noise.

    Raises:
        WeightsError: a file without DSN, or of another scale.
        SrcoreError: a DSN without log-scale head.
    """

    def __init__(
        self, *, scale: int, weights: Path, strength: float = _LAPLACE_SAMPLING.strength
    ) -> None:
        super().__init__()
        self.dsn = load_dsn(weights, scale=scale)
        self.strength = strength
        if self.dsn.var is None:
            raise SrcoreError(f"{weights}: this DSN has no log-scale head to sample from")

    @torch.no_grad()
    def forward(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Replace ``lr`` by a sample.

        Raises:
            SrcoreError: an image is missing, or hr is not the DSN's scale times larger than lr.
        """
        lr = image_of(batch, "lr", "laplace_sampling")
        hr = image_of(batch, "hr", "laplace_sampling")
        log_scale = self.dsn(hr, heads="scale").log_scale
        if log_scale.shape != lr.shape:
            raise SrcoreError(
                f"transform laplace_sampling: lr has shape {tuple(lr.shape)}, the DSN's log-scale "
                f"of hr {tuple(log_scale.shape)}; hr must be exactly {self.dsn.scale} times larger"
            )
        noise = self.strength * self.draw(lr, generator)
        return batch | {"lr": laplace_sample(lr, log_scale, noise)}

    def draw(self, like: Tensor, generator: torch.Generator) -> Tensor:
        """Unit Laplace noise of the shape ``(N, C, H, W)`` and on the device of ``like``."""
        uniform = torch.rand(like.shape, generator=generator, device=generator.device)
        return unit_laplace(uniform).to(like)


class SwapImages:
    """Transform ``swap_lr_hr``: exchanges the two, to validate a DSN on pairs.

    Validation gives ``lr`` to the network and compares with ``hr``; a DSN works the other way.

    >>> import torch
    >>> batch = {"lr": torch.zeros(1, 3, 8, 8), "hr": torch.ones(1, 3, 32, 32)}
    >>> SwapImages(scale=4)(batch, torch.Generator())["lr"].shape
    torch.Size([1, 3, 32, 32])
    """

    def __init__(self, *, scale: int) -> None:
        pass

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Exchange ``lr`` and ``hr``."""
        lr, hr = image_of(batch, "lr", "swap_lr_hr"), image_of(batch, "hr", "swap_lr_hr")
        return batch | {"lr": hr, "hr": lr}


def laplace_sample(
    mean: Tensor, log_scale: Tensor, noise: Tensor, levels: float = GRAY_LEVELS
) -> Tensor:
    """``mean + exp(log_scale) noise / levels`` with unit noise; all ``(N, C, H, W)``."""
    return mean + log_scale.exp() * noise / levels


def unit_laplace(uniform: Tensor) -> Tensor:
    """Inverse distribution function of Laplace(0, 1): ln(2u) below 1/2, -ln(2 - 2u) from there on.

    Args:
        uniform: u in [0, 1), of any shape, as ``torch.rand`` draws it.
    """
    # rand may draw 0, whose logarithm is infinite; half its smallest step stands for it
    u = uniform.clamp_min(torch.finfo(uniform.dtype).eps / 4)
    return torch.where(u < 0.5, torch.log(2 * u), -torch.log(2 - 2 * u))
