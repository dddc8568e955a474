"""Networks that make an image by a velocity: where they start, and how they go on."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from srcore.transforms.resize import resize


class VelocityNetwork(nn.Module):
    """A generator that integrates a velocity from the enlarged image to a sharp one.

    The path of an image is ``x_t = (1 - t) x_0 + t hr`` with ``x_0 = up(lr) + sigma noise``: that
    of rectified flow (Liu et al., ICLR 2023, eq. 1) and of flow matching (Lipman et al., ICLR
    2023), from the enlarged image instead of noise alone, as in ResShift (Yue et al., NeurIPS
    2023). Its velocity is ``hr - x_0``. A network derives from this class, offers
    :meth:`velocity`, and is registered with ``provides=("velocity",)``.

    Args:
        scale: factor between the sides of output and input.
        sigma: standard deviation of the noise, of images in [0, 1].
        steps: Euler steps of :meth:`forward`.
        channels: of the images.

    Attributes:
        scale: as given.
        in_channels: channels of the images.
    """

    def __init__(self, *, scale: int, sigma: float, steps: int, channels: int) -> None:
        super().__init__()
        self.scale = scale
        self.sigma = sigma
        self.steps = steps
        self.in_channels = channels

    @abstractmethod
    def velocity(self, x: Tensor, time: Tensor, lr: Tensor) -> Tensor:
        """Where images at a time go to.

        Args:
            x: ``(N, C, scale*h, scale*w)``, on the path.
            time: ``(N,)`` in [0, 1].
            lr: ``(N, C, h, w)`` in [0, 1].

        Returns:
            ``(N, C, scale*h, scale*w)``, in images' units per unit of time.
        """

    def draw(self, size: tuple[int, int], generator: torch.Generator) -> dict[str, Tensor]:
        """Standard normal noise for an image of ``size``: ``(C, scale*h, scale*w)``."""
        height, width = (self.scale * side for side in size)
        return {"noise": torch.randn(self.in_channels, height, width, generator=generator)}

    def upsampled(self, lr: Tensor) -> Tensor:
        """The bicubically enlarged image, ``(N, C, scale*h, scale*w)``."""
        return resize(lr, scale=self.scale)

    def start(self, lr: Tensor, noise: Tensor) -> Tensor:
        """``x_0``: the enlarged image with noise."""
        return self.upsampled(lr) + self.sigma * noise

    def forward(
        self,
        lr: Tensor,
        *,
        noise: Tensor,
        target: Tensor | None = None,
        time: Tensor | None = None,
    ) -> Tensor:
        """The image, or in training the estimate of it from a single point of the path.

        Args:
            lr: ``(N, C, h, w)`` in [0, 1].
            noise: ``(N, C, scale*h, scale*w)``, standard normal.
            target: hr, the end of the path, like ``noise``; given together with ``time``.
            time: t, ``(N,)`` in [0, 1].

        Returns:
            ``(N, C, scale*h, scale*w)``, not clamped: after all steps, or with ``target`` and
            ``time`` the end as seen from there, ``x_t + (1 - t) velocity(x_t, t, lr)``.
        """
        x = self.start(lr, noise)
        if target is not None and time is not None:
            t = time.view(-1, 1, 1, 1)
            x = (1 - t) * x + t * target
            return x + (1 - t) * self.velocity(x, time, lr)
        for step in range(self.steps):
            x = x + self.velocity(x, lr.new_full((len(lr),), step / self.steps), lr) / self.steps
        return x
