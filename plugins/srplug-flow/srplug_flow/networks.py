"""A velocity network of convolutions."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.networks.initialization import scaled_kaiming_
from srcore.options.declaration import defaults
from srplug_flow.options import FlowOptions
from srplug_flow.velocity import VelocityNetwork

_DEFAULT = defaults(FlowOptions)

#: Sines and cosines of 1, 2, 4 and 8 half turns in the time from 0 to 1.
_FREQUENCIES = 4


def time_features(time: Tensor) -> Tensor:
    """Sines, then cosines of ``pi 2^k t``, ``(N,)`` -> ``(N, 8)``.

    >>> time_features(torch.tensor([0.5]))[0, 0]
    tensor(1.)
    """
    turns = math.pi * 2 ** torch.arange(_FREQUENCIES, dtype=time.dtype, device=time.device)
    angles = time[:, None] * turns
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def linear_guess(time: Tensor, sigma: float, detail: float) -> Tensor:
    """What ``x_t - up(lr)`` is multiplied by for the best guess of the velocity that is linear.

    With what the enlarged image lacks, ``r = hr - up(lr)`` of standard deviation s, independent of
    the noise, ``x_t - up(lr)`` is ``t r + (1 - t) sigma n`` and the velocity ``r - sigma n``. Their
    covariance over the variance of the first is ``(t s^2 - (1 - t) sigma^2) / (t^2 s^2 + (1 - t)^2
    sigma^2)``: -1 at the start, where all of it is noise, and 1 at the end.

    Args:
        time: t, ``(N,)`` in [0, 1].
        sigma: standard deviation of the noise.
        detail: s, above 0.

    Returns:
        ``(N,)``; 0 where there is neither noise nor time.

    >>> linear_guess(torch.tensor([0.0, 0.5, 1.0]), 0.1, 0.1)
    tensor([-1.,  0.,  1.])
    """
    left = 1 - time
    covariance = time * detail**2 - left * sigma**2
    variance = (time * detail) ** 2 + (left * sigma) ** 2
    return covariance / variance.clamp_min(torch.finfo(variance.dtype).tiny)


class TimedBlock(nn.Module):
    """``h + conv2(relu((1 + a) conv1(h) + b))``, a and b linear in an embedding of the time.

    Scale and shift by feature: FiLM (Perez et al., AAAI 2018).
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.conv2 = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.modulation = nn.Linear(num_features, 2 * num_features)
        scaled_kaiming_([self.conv2, self.modulation])

    def forward(self, features: Tensor, embedding: Tensor) -> Tensor:
        """``(N, F, h, w)`` and ``(N, F)`` -> ``(N, F, h, w)``."""
        scale, shift = self.modulation(embedding)[:, :, None, None].chunk(2, dim=1)
        change: Tensor = self.conv2(F.relu((1 + scale) * self.conv1(features) + shift))
        return features + change


class Flow(VelocityNetwork):
    """Residual convolutions at low resolution, told of the time in every block.

    ``a(t) d + shuffle(conv(blocks(conv([unshuffle(d), lr]))))`` with ``d = x - up(lr)``: all
    convolutions work on ``scale`` x ``scale`` pixels as channels, as quick as a network that
    enlarges at its end. ``a(t)`` of :func:`linear_guess` is a skip connection as that of Karras et
    al. (NeurIPS 2022, section 5): what is plain of the noise need not pass through them.

        [generator]
        type = "flow"
        steps = 4
        [method]
        type = "flow_matching"
        [[losses]]
        type = "flow_matching"

    Args:
        scale: factor between the sides of output and input.
        num_features: channels.
        num_blocks: residual blocks.
        sigma: standard deviation of the noise at the start.
        detail: standard deviation of what the enlarged image lacks.
        steps: Euler steps.
        channels: of the images.

    Attributes:
        receptive_radius: low-resolution pixels around an output pixel that it depends on.

    >>> network = Flow(scale=2, num_features=4, num_blocks=1)
    >>> noise = network.draw((8, 6), torch.Generator().manual_seed(0))["noise"]
    >>> network(torch.rand(1, 3, 8, 6), noise=noise[None]).shape
    torch.Size([1, 3, 16, 12])
    """

    def __init__(
        self,
        scale: int,
        num_features: int = _DEFAULT.num_features,
        num_blocks: int = _DEFAULT.num_blocks,
        sigma: float = _DEFAULT.sigma,
        detail: float = _DEFAULT.detail,
        steps: int = _DEFAULT.steps,
        channels: int = _DEFAULT.channels,
    ) -> None:
        super().__init__(scale=scale, sigma=sigma, steps=steps, channels=channels)
        self.detail = detail
        # x is taken without the enlarged image, whose own reach therefore is not added
        self.receptive_radius = steps * (2 + 2 * num_blocks)
        pixels = channels * scale**2
        self.embed = nn.Sequential(nn.Linear(2 * _FREQUENCIES, num_features), nn.SiLU())
        self.conv_first = nn.Conv2d(pixels + channels, num_features, 3, 1, 1)
        self.body = nn.ModuleList(TimedBlock(num_features) for _ in range(num_blocks))
        self.conv_last = nn.Conv2d(num_features, pixels, 3, 1, 1)
        scaled_kaiming_([self.conv_last])

    def velocity(self, x: Tensor, time: Tensor, lr: Tensor) -> Tensor:
        """Where ``x`` goes to, see :meth:`VelocityNetwork.velocity`."""
        embedding = self.embed(time_features(time))
        beyond = x - self.upsampled(lr)
        features = self.conv_first(torch.cat([F.pixel_unshuffle(beyond, self.scale), lr], dim=1))
        for block in self.body:
            features = block(features, embedding)
        guess = linear_guess(time, self.sigma, self.detail)[:, None, None, None] * beyond
        return guess + F.pixel_shuffle(self.conv_last(features), self.scale)
