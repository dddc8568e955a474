"""The down-sampling network (DSN) of USR-DU.

Ning et al., "Learning Degradation Uncertainty for Unsupervised Real-world Image
Super-resolution", IJCAI 2022. Layer names are those of the published checkpoints.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, overload

from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.options.declaration import defaults
from srplug_usrdu.options import FEATURE_HEAD_MULTIPLE, SCALES, DownsamplerOptions

_DEFAULT = defaults(DownsamplerOptions)


class LrDistribution(NamedTuple):
    """What the DSN says of the low-resolution versions of an image.

    Attributes:
        mean: their mean, ``(N, 3, h, w)``, near [0, 1], not clamped.
        log_scale: v of every pixel, ``(N, 3, h, w)``; the Laplace scale is exp(v) gray levels, and
            v > -1. None without that head.
        feature_log_scale: q of VGG19's conv5_4, ``(N, C, h/16, w/16)``; None without that head.
    """

    mean: Tensor
    log_scale: Tensor | None
    feature_log_scale: Tensor | None


class PReLUResidualBlock(nn.Module):
    """``x + conv2(prelu(conv1(x)))`` with one slope for all channels."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.conv1 = _conv(num_features, num_features)
        self.prelu = nn.PReLU()
        self.conv2 = _conv(num_features, num_features)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, H, W)``."""
        update: Tensor = self.conv2(self.prelu(self.conv1(x)))
        return x + update


class Downsampler(nn.Module):
    """High-resolution images -> mean, pixel log-scale and feature log-scale at low resolution.

    The mean is made from scratch: there is no skip from a bicubic image.

        [generator]
        type = "usrdu_dsn"
        [method]
        type = "usrdu_dsn"

    Args:
        scale: 2 or 4.
        num_features: channels F; the feature head has F to 8F.
        num_blocks: residual blocks.
        scale_head: whether there is the pixel log-scale.
        feature_head: whether there is the feature log-scale.
        feature_channels: its channels; published, 8F = 512 as VGG19's conv5_4.

    Raises:
        SrcoreError: another scale.

    >>> import torch
    >>> network = Downsampler(scale=4, num_features=4, num_blocks=1)
    >>> network(torch.rand(1, 3, 32, 24)).shape
    torch.Size([1, 3, 8, 6])
    """

    def __init__(
        self,
        scale: int,
        num_features: int = _DEFAULT.num_features,
        num_blocks: int = _DEFAULT.num_blocks,
        scale_head: bool = _DEFAULT.scale_head,
        feature_head: bool = _DEFAULT.feature_head,
        feature_channels: int = _DEFAULT.feature_channels,
    ) -> None:
        super().__init__()
        if scale not in SCALES:
            raise SrcoreError(f"usrdu_dsn: expected scale 2 or 4, found {scale}")
        self.scale = scale
        width = num_features
        self.block_input = nn.Sequential(_conv(3, width), nn.PReLU())
        self.res_blocks = nn.Sequential(*(PReLUResidualBlock(width) for _ in range(num_blocks)))
        stages = int(math.log2(scale))
        halvings = [(_conv(width, width, stride=2), nn.PReLU()) for _ in range(stages)]
        self.down_sample = nn.Sequential(*(layer for pair in halvings for layer in pair))
        self.block_output = _conv(width, 3)
        self.var = _scale_head(width) if scale_head else None
        self.per_var = _feature_head(width, feature_channels) if feature_head else None

    @overload
    def forward(self, hr: Tensor, heads: Literal["mean"] = "mean") -> Tensor: ...

    @overload
    def forward(self, hr: Tensor, heads: Literal["scale", "all"]) -> LrDistribution: ...

    def forward(
        self, hr: Tensor, heads: Literal["mean", "scale", "all"] = "mean"
    ) -> Tensor | LrDistribution:
        """Describe the degraded versions of ``hr``.

        Args:
            hr: ``(N, 3, H, W)`` in [0, 1]; odd sides give low-resolution sides rounded up.
            heads: ``"mean"`` for that image alone; ``"scale"`` to compute the pixel log-scale too;
                ``"all"`` for the feature log-scale as well, which is training's concern.

        Raises:
            SrcoreError: ``"all"`` on images of which the feature head would leave nothing.
        """
        low = self.down_sample(self.res_blocks(self.block_input(hr)))
        mean: Tensor = self.block_output(low)
        if heads == "mean":
            return mean
        log_scale = None if self.var is None else self.var(low)
        if heads == "scale" or self.per_var is None:
            return LrDistribution(mean, log_scale, None)
        if min(low.shape[-2:]) < FEATURE_HEAD_MULTIPLE:
            raise SrcoreError(
                f"usrdu_dsn: hr has shape {tuple(hr.shape)}; its feature head expects sides of "
                f"{FEATURE_HEAD_MULTIPLE * self.scale} or more at scale {self.scale}; set "
                "data.train.hr_patch_size"
            )
        return LrDistribution(mean, log_scale, self.per_var(low))

    def radius(self, heads: Literal["mean", "scale"]) -> int:
        """High-resolution pixels around an output pixel that it depends on, to one side."""
        head = 1 if heads == "mean" else 3
        return 1 + 2 * len(self.res_blocks) + (self.scale - 1) + head * self.scale


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)


def _scale_head(width: int) -> nn.Sequential:
    return nn.Sequential(
        _conv(width, width), nn.ELU(), _conv(width, width), nn.ELU(), _conv(width, 3), nn.ELU()
    )


def _feature_head(width: int, channels: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    inputs = width
    for outputs in (width, 2 * width, 4 * width, 8 * width):
        layers += [_conv(inputs, outputs), nn.ReLU(), nn.MaxPool2d(2)]
        inputs = outputs
    for outputs in (inputs, inputs, channels):
        layers += [_conv(inputs, outputs), nn.ELU()]
    return nn.Sequential(*layers)
