"""DLSN: deep learnable similarity network.

Su, Gan, Chen, Yin, Chen, "Global Learnable Attention for Single Image Super-Resolution", IEEE TPAMI
2022 (arXiv 2212.01057), section 3. The names of the weights are the published ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.options.declaration import defaults
from srplug_dlsn.attention import GLA
from srplug_dlsn.inference import run_chopped
from srplug_dlsn.ops.library import Backend
from srplug_dlsn.options import RGB, DLSNOptions, scale_complaint

_DEFAULT = defaults(DLSNOptions)


class ResidualSequence(nn.Module):
    """``x + res_scale * body(x)``; its weights are named ``body.<index>``."""

    def __init__(self, *layers: nn.Module, res_scale: float = 1.0) -> None:
        super().__init__()
        self.body = nn.Sequential(*layers)
        self.res_scale = res_scale

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> the same shape."""
        return torch.add(x, self.body(x), alpha=self.res_scale)


class DLSN(nn.Module):
    """Residual groups of local blocks, each with one Global Learnable Attention.

    Defaults are the published model (69.8 million parameters at x2)::

        [generator]
        type = "dlsn"

    Differences to the published program: images are [0, 1] whatever ``img_range``; the unused
    parameter ``a`` does not exist; hashing repeats in evaluation (see :class:`GLA`).

    Args:
        scale: 3 or a power of two.
        num_features: channels ``F`` of the trunk.
        num_groups: residual groups ``G``.
        num_blocks: local feature fusion blocks (two convolutions each) per group.
        reduction: queries and keys of the attention have ``F / reduction`` channels.
        chunk_size: pixels ``T`` of an attention chunk; weights fix it.
        num_hashes: rounds ``h`` of hashing.
        res_scale: factor of the groups' residuals.
        img_range: images are multiplied by it inside the network.
        rgb_mean: mean color in [0, 1] of RGB images; others have none removed.
        channels: channels of input and output.
        hash_seed: of the hash rotations in evaluation.
        attention_backend: ``"auto"``, ``"native"`` or ``"torch"``.
        chop_pixels: in evaluation, cut images into overlapping tiles of fewer pixels; 0: never.

    Attributes:
        scale: factor between output and input.

    Raises:
        SrcoreError: a scale or widths that the network cannot have.

    >>> import torch
    >>> network = DLSN(scale=2, num_features=8, num_groups=1, num_blocks=1, chunk_size=16)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])
    """

    mean: Tensor

    def __init__(
        self,
        scale: int = 2,
        num_features: int = _DEFAULT.num_features,
        num_groups: int = _DEFAULT.num_groups,
        num_blocks: int = _DEFAULT.num_blocks,
        reduction: int = _DEFAULT.reduction,
        chunk_size: int = _DEFAULT.chunk_size,
        num_hashes: int = _DEFAULT.num_hashes,
        res_scale: float = _DEFAULT.res_scale,
        img_range: float = _DEFAULT.img_range,
        rgb_mean: tuple[float, float, float] = _DEFAULT.rgb_mean,
        channels: int = RGB,
        hash_seed: int = _DEFAULT.hash_seed,
        attention_backend: Backend = _DEFAULT.attention_backend,
        chop_pixels: int = _DEFAULT.chop_pixels,
    ) -> None:
        super().__init__()
        complaint = scale_complaint(scale)
        if complaint:
            raise SrcoreError(complaint)
        self.scale = scale
        self.img_range = img_range
        self.chop_pixels = chop_pixels
        self.in_channels = channels
        mean = torch.tensor(rgb_mean if channels == RGB else (0.0,) * channels)
        self.register_buffer("mean", mean.view(1, channels, 1, 1), persistent=False)
        groups = [
            ResidualSequence(
                *(_local_block(num_features) for _ in range(num_blocks)),
                GLA(
                    num_features,
                    reduction,
                    chunk_size,
                    num_hashes,
                    seed=hash_seed + group,
                    backend=attention_backend,
                ),
                _convolution(num_features, num_features),
                res_scale=res_scale,
            )
            for group in range(num_groups)
        ]
        self.head = nn.Sequential(_convolution(channels, num_features))
        self.body = nn.Sequential(*groups, _convolution(num_features, num_features))
        self.tail = nn.Sequential(
            _upscaling_layers(scale, num_features), _convolution(num_features, channels)
        )

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        if self.chop_pixels and not self.training:
            return run_chopped(self._forward_whole, lr, self.scale, self.chop_pixels)
        return self._forward_whole(lr)

    def _forward_whole(self, lr: Tensor) -> Tensor:
        shallow = self.head((lr - self.mean) * self.img_range)
        sr: Tensor = self.tail(shallow + self.body(shallow))
        return sr / self.img_range + self.mean


def _convolution(channels: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(channels, width, 3, padding=1)


def _local_block(channels: int) -> ResidualSequence:
    """Local feature fusion block."""
    return ResidualSequence(
        _convolution(channels, channels), nn.ReLU(inplace=True), _convolution(channels, channels)
    )


def _upscaling_layers(scale: int, channels: int) -> nn.Sequential:
    """Convolution and pixel shuffle: once for x3, once per factor of two."""
    steps = [3] if scale == 3 else [2] * (scale.bit_length() - 1)
    layers: list[nn.Module] = []
    for step in steps:
        layers += [_convolution(channels, step * step * channels), nn.PixelShuffle(step)]
    return nn.Sequential(*layers)
