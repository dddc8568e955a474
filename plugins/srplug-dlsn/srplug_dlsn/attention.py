"""Global Learnable Attention: non-local attention over hashed neighbors.

Su, Gan, Chen, Yin, Chen, "Global Learnable Attention for Single Image Super-Resolution", IEEE TPAMI
2022 (arXiv 2212.01057), section 3. Written from the paper and its mathematics; key names follow the
published weights.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.options.declaration import defaults
from srplug_dlsn.hashing import (
    bucket_count,
    draw_rotations,
    fixed_rotations,
)
from srplug_dlsn.ops.layout import laid_out
from srplug_dlsn.ops.library import Backend, hash_order, hashed_attention
from srplug_dlsn.options import DLSNOptions

_DEFAULT = defaults(DLSNOptions)

#: Smallest norm that keys are divided by.
KEY_EPSILON = 5e-5


class GLA(nn.Module):
    """Global Learnable Attention block: ``x + res_scale * attention(x)``.

    Every pixel attends to the pixels that a locality-sensitive hash puts near it, in ``num_hashes``
    rounds: similarity is ``query . key`` (keys normalized) plus a score that an MLP learns per key.
    Time and memory grow linearly with the image. The block keeps the shape of its input, so it fits
    into any network; inside EDSR:

        >>> import torch
        >>> from srcore.networks.edsr import EDSR
        >>> network = EDSR(scale=2, num_features=16, num_blocks=2)
        >>> network.body.append(GLA(16, chunk_size=16))[-1].channels
        16
        >>> network(torch.rand(1, 3, 9, 11)).shape
        torch.Size([1, 3, 18, 22])

    Rotations of the hash are drawn anew in every training step from PyTorch's generator. In
    evaluation they are fixed by ``seed``, so that results repeat and do not depend on the other
    images of the batch (the published program draws in evaluation, too).

    Args:
        channels: channels ``F`` of input, output and values; divisible by ``reduction``.
        reduction: queries and keys have ``F / reduction`` channels.
        chunk_size: pixels ``T`` of a chunk; also the width of the learned score, so weights fix it.
        num_hashes: rounds ``h`` of hashing.
        res_scale: factor of the attention.
        seed: of the rotations in evaluation.
        backend: see :func:`srplug_dlsn.ops.library.hashed_attention`.

    Raises:
        ValueError: ``channels`` is not divisible by ``reduction``.
    """

    #: Shown by ``srcore convert``. ONNX has no operator for the attention; rotations are drawn per
    #: number of pixels, which a recorded program would fix for all images.
    export_obstacle = (
        "its hashed attention is an operator of srplug-dlsn with rotations made for every image "
        "size, which no exported program can hold; convert to safetensors and use srcore upscale "
        "or srcore.load_generator"
    )

    def __init__(
        self,
        channels: int,
        reduction: int = _DEFAULT.reduction,
        chunk_size: int = _DEFAULT.chunk_size,
        num_hashes: int = _DEFAULT.num_hashes,
        res_scale: float = 1.0,
        seed: int = 0,
        backend: Backend = "auto",
    ) -> None:
        super().__init__()
        if channels % reduction:
            raise ValueError(
                f"channels is {channels}; expected a multiple of reduction {reduction}"
            )
        self.channels = channels
        self.chunk_size = chunk_size
        self.num_hashes = num_hashes
        self.res_scale = res_scale
        self.seed = seed
        self.backend: Backend = backend
        self.conv_match = _projection(channels, channels // reduction)
        self.conv_assembly = _projection(channels, channels)
        self.conv_assembly_fc = _projection(channels, channels)
        self.fc = nn.Sequential(
            nn.Linear(channels, chunk_size),
            nn.ReLU(inplace=True),
            nn.Linear(chunk_size, chunk_size),
        )

    def forward(self, x: Tensor, rotations: Tensor | None = None) -> Tensor:
        """``(N, F, H, W)`` -> the same shape.

        Args:
            x: features.
            rotations: ``(h, F / reduction, B)`` instead of drawn ones, for tests.
        """
        x = laid_out(x)
        fc_score = self.fc(_as_sequence(self.conv_assembly_fc(x)))
        query = _as_sequence(self.conv_match(x))
        value = _as_sequence(self.conv_assembly(x))
        attended = self.attend(query, value, fc_score, rotations)
        return torch.add(x, attended.transpose(1, 2).reshape(x.shape), alpha=self.res_scale)

    def attend(
        self, query: Tensor, value: Tensor, fc_score: Tensor, rotations: Tensor | None = None
    ) -> Tensor:
        """The attention without its convolutions.

        Args:
            query: ``(N, L, C)``, not negative.
            value: ``(N, L, D)``.
            fc_score: ``(N, L, T)``.
            rotations: ``(h, C, B)`` instead of drawn ones.

        Returns:
            ``(N, L, D)``.
        """
        if rotations is None:
            rotations = self.rotations(query.shape[1], query.shape[2], query.device)
        _, order = hash_order(query, rotations, backend=self.backend)
        key = F.normalize(query, dim=-1, eps=KEY_EPSILON)
        out, _ = hashed_attention(
            query,
            key.to(query.dtype),
            value,
            fc_score,
            order,
            self.chunk_size,
            backend=self.backend,
        )
        return out

    def rotations(self, length: int, channels: int, device: torch.device | str = "cpu") -> Tensor:
        """Rotations ``(h, C, B)`` for images of ``length`` pixels."""
        buckets = bucket_count(length, self.chunk_size)
        if self.training:
            return draw_rotations(self.num_hashes, channels, buckets).to(device)
        return fixed_rotations(self.num_hashes, channels, buckets, self.seed, str(device))


def _projection(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True))


def _as_sequence(features: Tensor) -> Tensor:
    """(N, X, H, W) -> (N, L, X), a view."""
    return features.flatten(2).transpose(1, 2)
