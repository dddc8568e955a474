"""Penalties on the discriminator's gradient with respect to its input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.losses.entries import batch_entry, same_size_entry
from srcore.losses.options import GradientPenaltyOptions, R1Options
from srcore.options.declaration import defaults

_GRADIENT_PENALTY = defaults(GradientPenaltyOptions)
_R1 = defaults(R1Options)

GradientNorm = Literal["sample", "channel"]


def input_gradient(logits: Tensor, images: Tensor) -> Tensor:
    """d(sum of logits)/d(images), itself differentiable.

    Images and gradient are ``(N, C, H, W)``; logits have any shape.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient


def r1_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """Mean over the batch of the squared gradient norm (Mescheder et al., 2018), without 1/2.

    Args:
        logits: D(images), with graph.
        images: ``(N, C, H, W)`` with ``requires_grad``.
    """
    return input_gradient(logits, images).square().flatten(1).sum(1).mean()


def gradient_penalty(
    logits: Tensor, images: Tensor, *, norm: GradientNorm = _GRADIENT_PENALTY.norm
) -> Tensor:
    """Mean of ``(|gradient| - 1)^2`` (WGAN-GP, Gulrajani et al., 2017, equation 3).

    Args:
        logits: D(images), with graph.
        images: ``(N, C, H, W)`` between real and generated images, with ``requires_grad``.
        norm: ``"sample"`` takes the norm of a sample's whole gradient, as the paper does;
            ``"channel"`` one norm per pixel over the channels, as BasicSR does.
    """
    gradient = input_gradient(logits, images)
    if norm == "sample":
        gradient = gradient.flatten(1)
    lengths: Tensor = torch.linalg.vector_norm(gradient, dim=1)
    return (lengths - 1).square().mean()


def interpolate_images(real: Tensor, fake: Tensor, alpha: Tensor) -> Tensor:
    """``alpha * real + (1 - alpha) * fake`` as a new leaf that requires a gradient.

    Images are ``(N, C, H, W)`` in [0, 1]; ``alpha`` is ``(N, 1, 1, 1)`` in [0, 1].
    """
    return (alpha * real + (1 - alpha) * fake).detach().requires_grad_()


class R1Penalty(nn.Module):
    """R1 penalty at real images, see :func:`r1_penalty`.

    Has no term for the generator; the experiment's ``weight`` multiplies the discriminator's.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext(
    ...     {"hr": hr}, sr, iteration=1, discriminate=lambda images: images.sum((1, 2, 3))
    ... )
    >>> [(name, term.item()) for name, term in R1Penalty().discriminator_terms(context)]
    [('penalty', 48.0)]
    """

    has_generator_term = False

    def __init__(self, real: str = _R1.real) -> None:
        super().__init__()
        self.real = real

    def discriminator_terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        """One term, a scalar."""
        images = batch_entry(context, self.real, "r1").detach().clone().requires_grad_()
        yield "penalty", r1_penalty(context.discriminate(images), images)


class GradientPenalty(nn.Module):
    """Gradient penalty between real and generated images, see :func:`gradient_penalty`.

    One position per sample is drawn uniformly from ``context.extras["generator"]`` if there is
    one, else from PyTorch's default generator. Has no term for the generator; the experiment's
    ``weight`` multiplies the discriminator's.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext(
    ...     {"hr": hr}, sr, iteration=1, discriminate=lambda images: 3 * images[:, 0, 0, 0]
    ... )
    >>> ((name, term),) = GradientPenalty().discriminator_terms(context)
    >>> term
    tensor(4.)
    """

    has_generator_term = False

    def __init__(
        self, real: str = _GRADIENT_PENALTY.real, norm: GradientNorm = _GRADIENT_PENALTY.norm
    ) -> None:
        super().__init__()
        self.real = real
        self.norm: GradientNorm = norm

    def discriminator_terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        """One term, a scalar."""
        real = same_size_entry(context, self.real, "gradient_penalty")
        alpha = torch.rand(
            (len(real), 1, 1, 1),
            dtype=real.dtype,
            device=real.device,
            generator=context.extras.get("generator"),
        )
        images = interpolate_images(real, context.sr, alpha)
        logits = context.discriminate(images)
        yield "penalty", gradient_penalty(logits, images, norm=self.norm)
