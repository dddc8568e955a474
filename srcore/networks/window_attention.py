"""Attention within shifted windows (Swin Transformer, Liu et al. 2021, arXiv 2103.14030)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from srcore.networks.attention import attention
from srcore.networks.options import SwinIROptions
from srcore.options.declaration import defaults

_DEFAULT = defaults(SwinIROptions)

#: Added to the scores of pixels that only the cyclic shift brought together.
_MASKED = -100.0


def to_windows(image: Tensor, window: int) -> Tensor:
    """``(B, H, W, ...)`` -> ``(B, windows, window*window, ...)``, windows and pixels row by row."""
    batch, height, width, *rest = image.shape
    tiles = image.reshape(batch, height // window, window, width // window, window, *rest)
    return tiles.transpose(2, 3).reshape(batch, -1, window * window, *rest)


def from_windows(windows: Tensor, window: int, height: int, width: int) -> Tensor:
    """``(B, windows, window*window, C)`` -> ``(B, H, W, C)``."""
    batch, channels = windows.shape[0], windows.shape[-1]
    tiles = windows.reshape(batch, height // window, width // window, window, window, channels)
    return tiles.transpose(2, 3).reshape(batch, height, width, channels)


def relative_position_index(window: int) -> Tensor:
    """Row of the bias table for every (query, key) of a window: ``(w*w, w*w)`` int64.

    Offsets (dy, dx) = query - key lie in -(w-1)..w-1; the row is (dy+w-1)*(2w-1) + (dx+w-1).
    """
    pixel = torch.arange(window * window)
    y, x = pixel // window, pixel % window
    dy, dx = y[:, None] - y[None, :], x[:, None] - x[None, :]
    return (dy + window - 1) * (2 * window - 1) + dx + window - 1


def shift_mask(
    height: int, width: int, window: int, shift: int, device: torch.device | None = None
) -> Tensor:
    """Mask of a cyclically shifted image: ``(windows, w*w, w*w)`` with 0 and -100."""

    def region(size: int) -> Tensor:
        position = torch.arange(size, device=device)
        return (position >= size - window).long() + (position >= size - shift).long()

    regions = 3 * region(height)[:, None] + region(width)[None, :]  # (H, W)
    tiles = to_windows(regions[None], window)[0]  # (windows, w*w)
    return (tiles[:, :, None] != tiles[:, None, :]).float() * _MASKED


class WindowAttention(nn.Module):
    """Multi-head self-attention within windows, with a learned bias per relative position.

    Args:
        dim: channels C.
        window: side of the windows.
        num_heads: heads.
        qkv_bias: whether the projection to queries, keys and values has a bias.
        backend: see :func:`srcore.networks.attention.attention`.
    """

    relative_position_index: Tensor

    def __init__(
        self,
        dim: int,
        window: int,
        num_heads: int,
        qkv_bias: bool = _DEFAULT.qkv_bias,
        backend: str = "auto",
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.backend = backend
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros((2 * window - 1) ** 2, num_heads)
        )
        self.register_buffer("relative_position_index", relative_position_index(window))
        self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def forward(self, windows: Tensor, mask: Tensor | None = None) -> Tensor:
        """Attend within each window.

        Args:
            windows: ``(B, windows, N, C)``.
            mask: ``(windows, N, N)``, added to the scores.

        Returns:
            ``(B, windows, N, C)``.
        """
        batch, number, pixels, channels = windows.shape
        qkv = self.qkv(windows).reshape(batch, number, pixels, 3, self.num_heads, -1)
        q, k, v = qkv.permute(3, 0, 1, 4, 2, 5).unbind()  # each (B, windows, heads, N, d)
        bias = self._position_bias()  # [heads, N, N]
        if mask is None:
            q, k, v = (part.flatten(0, 1) for part in (q, k, v))  # (B*windows, heads, N, d)
        else:
            # The bias differs between windows, not between images. With the windows beside the
            # heads it need not be repeated for every image.
            q, k, v = (part.flatten(1, 2) for part in (q, k, v))  # (B, windows*heads, N, d)
            bias = (bias + mask[:, None]).flatten(0, 1)
        result = attention(q, k, v, bias[None], self.backend)
        result = result.reshape(batch, number, self.num_heads, pixels, -1).transpose(2, 3)
        attended: Tensor = self.proj(result.reshape(batch, number, pixels, channels))
        return attended

    def _position_bias(self) -> Tensor:
        pixels = self.relative_position_index.shape[0]
        bias = self.relative_position_bias_table[self.relative_position_index.flatten()]
        return bias.reshape(pixels, pixels, -1).permute(2, 0, 1)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        # Files come with and without this constant.
        state_dict[f"{prefix}relative_position_index"] = self.relative_position_index
        super()._load_from_state_dict(state_dict, prefix, *args)
