"""Semantic-aware fusion block (SeD, Li et al., CVPR 2024, section 3.2, figure 3).

The semantic map asks (queries), the discriminator's features answer (keys and values). Module
names give the published keys.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.networks.attention import attention
from srcore.options.declaration import defaults
from srplug_sed.options import (
    NORM_GROUPS,
    Attention,
    SemanticDiscriminatorOptions,
    channels_complaint,
)

_DEFAULT = defaults(SemanticDiscriminatorOptions)

# B batch, C semantic channels, Cc channels of the features, h x w the semantic map,
# N = h*w its tokens, M tokens of the features, D = heads * head_dim.

_FEED_FORWARD_FACTOR = 4


class MultiHeadAttention(nn.Module):
    """Attention of tokens on other tokens, or on themselves; without residual.

    Args:
        query_dim: channels of the tokens, in and out.
        context_dim: channels of the tokens that are looked at; None: those of the queries.
        num_heads: number of heads.
        head_dim: channels of a head.
        backend: see :func:`srcore.networks.attention.attention`.
    """

    def __init__(
        self,
        query_dim: int,
        context_dim: int | None = None,
        num_heads: int = _DEFAULT.num_heads,
        head_dim: int = _DEFAULT.head_dim,
        backend: Attention = _DEFAULT.attention,
    ) -> None:
        super().__init__()
        inner = num_heads * head_dim
        context_dim = query_dim if context_dim is None else context_dim
        self.num_heads, self.backend = num_heads, backend
        self.to_q = nn.Linear(query_dim, inner, bias=False)
        self.to_k = nn.Linear(context_dim, inner, bias=False)
        self.to_v = nn.Linear(context_dim, inner, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner, query_dim))

    def forward(self, tokens: Tensor, context: Tensor | None = None) -> Tensor:
        """Tokens ``(B, N, query_dim)``, context ``(B, M, context_dim)`` -> like the tokens."""
        context = tokens if context is None else context
        q = self._heads(self.to_q(tokens))
        k, v = self._heads(self.to_k(context)), self._heads(self.to_v(context))
        attended = attention(q, k, v, backend=self.backend)
        result: Tensor = self.to_out(attended.transpose(1, 2).flatten(2))  # (B, N, D)
        return result

    def _heads(self, tokens: Tensor) -> Tensor:
        count, length, _ = tokens.shape
        return tokens.reshape(count, length, self.num_heads, -1).transpose(1, 2)  # (B, heads, N, d)


class GatedLinear(nn.Module):
    """GEGLU (Shazeer 2020, arXiv 2002.05202): one half of a linear map times GELU of the other."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.proj = nn.Linear(inputs, 2 * outputs)

    def forward(self, tokens: Tensor) -> Tensor:
        """``(..., inputs)`` -> ``(..., outputs)``."""
        value, gate = self.proj(tokens).chunk(2, dim=-1)
        result: Tensor = value * F.gelu(gate)
        return result


class FeedForward(nn.Module):
    """Gated layer to four times the width, and back."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = _FEED_FORWARD_FACTOR * width
        # The identity stands where the published network has a dropout of probability 0.
        self.net = nn.Sequential(GatedLinear(width, inner), nn.Identity(), nn.Linear(inner, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """``(..., width)`` -> ``(..., width)``."""
        result: Tensor = self.net(tokens)
        return result


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention and feed-forward; each replaces its input, no residuals."""

    def __init__(
        self, num_heads: int, head_dim: int, backend: Attention = _DEFAULT.attention
    ) -> None:
        super().__init__()
        width = num_heads * head_dim
        self.attn1 = MultiHeadAttention(width, None, num_heads, head_dim, backend)
        self.ff = FeedForward(width)
        self.attn2 = MultiHeadAttention(width, width, num_heads, head_dim, backend)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """Semantic tokens ``(B, N, D)``, feature tokens ``(B, M, D)`` -> ``(B, N, D)``."""
        tokens = self.attn1(self.norm1(tokens))
        tokens = self.attn2(self.norm2(tokens), context)
        result: Tensor = self.ff(self.norm3(tokens))
        return result


class SemanticFusion(nn.Module):
    """What an image's features say about its semantics, as a map that a discriminator can use.

    GroupNorm and a 1x1 convolution of the semantic map; attention of its positions on each other
    and on all positions of the features; a 1x1 convolution back, sub-pixel rearrangement to r
    times the size, and a convolution. Nothing of the semantic map bypasses the attention.

    The last projection starts at zero, so that the map begins as a constant.

    Args:
        in_channels: channels C of the semantic map; a multiple of 32 and of ``up_factor ** 2``.
        num_heads: attention heads.
        head_dim: channels of a head.
        context_dim: channels Cc of the features.
        up_factor: r, by which the output is larger than the semantic map.
        is_last: a 4x4 convolution at the end, whose output is one smaller in each direction.
        depth: number of transformer blocks.
        attention: see :func:`srcore.networks.attention.attention`.

    Raises:
        SrcoreError: channels that do not divide.
    """

    def __init__(
        self,
        in_channels: int,
        num_heads: int,
        head_dim: int,
        context_dim: int,
        up_factor: int,
        *,
        is_last: bool = False,
        depth: int = 1,
        attention: Attention = _DEFAULT.attention,
    ) -> None:
        super().__init__()
        complaint = channels_complaint(in_channels, up_factor)
        if complaint:
            raise SrcoreError(f"semantic fusion: {complaint}")
        inner, outputs = num_heads * head_dim, in_channels // up_factor**2
        self.up_factor = up_factor
        self.norm = nn.GroupNorm(NORM_GROUPS, in_channels, eps=1e-6)
        self.proj_in = nn.Conv2d(in_channels, inner, 1)
        self.proj_context = nn.Conv2d(context_dim, inner, 1)
        self.transformer_blocks = nn.ModuleList(
            TransformerBlock(num_heads, head_dim, attention) for _ in range(depth)
        )
        self.proj_out = nn.Conv2d(inner, in_channels, 1)
        self.conv_out = nn.Conv2d(outputs, outputs, 4 if is_last else 3, 1, 1)
        nn.init.zeros_(self.proj_out.weight)
        assert self.proj_out.bias is not None
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, semantic: Tensor, features: Tensor) -> Tensor:
        """Semantics that were told what the features show, on the grid of the next layer.

        Args:
            semantic: ``(B, C, h, w)``.
            features: ``(B, Cc, H, W)``, any size.

        Returns:
            ``(B, C / r^2, r*h, r*w)``, one less in each direction if ``is_last``.
        """
        count, _, height, width = semantic.shape
        tokens = _tokens(self.proj_in(self.norm(semantic)))
        context = _tokens(self.proj_context(features))
        for block in self.transformer_blocks:
            tokens = block(tokens, context)
        back = self.proj_out(tokens.transpose(1, 2).reshape(count, -1, height, width))
        result: Tensor = self.conv_out(subpixel(back, self.up_factor))
        return result


def subpixel(maps: Tensor, factor: int) -> Tensor:
    """Rearrange channels to space with the horizontal offset as the slow index.

    ``out[b, c, y*r + i, x*r + j] = in[b, c*r^2 + j*r + i, y, x]``; PixelShuffle has i slow.

    Args:
        maps: ``(B, C * r^2, h, w)``.
        factor: r.

    Returns:
        ``(B, C, r*h, r*w)``.
    """
    count, channels, height, width = maps.shape
    split = maps.reshape(count, -1, factor, factor, height, width)  # (B, C, j, i, h, w)
    swapped = split.transpose(2, 3).reshape(count, channels, height, width)
    return F.pixel_shuffle(swapped, factor)


def _tokens(maps: Tensor) -> Tensor:
    return maps.flatten(2).transpose(1, 2)  # (B, C, h, w) -> (B, h*w, C)
