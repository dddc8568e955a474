"""SwinIR (Liang et al. 2021, arXiv 2108.10257) with the official key names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import StochasticDepth

from srcore.capabilities import RGB
from srcore.errors import SrcoreError
from srcore.networks.options import DIV2K_MEAN, SwinIROptions, swinir_problems
from srcore.networks.padding import crop, is_traced, pad_to_multiple
from srcore.networks.pixel_shuffle import PixelShuffleUpsampler
from srcore.networks.window_attention import (
    WindowAttention,
    from_windows,
    shift_mask,
    to_windows,
)
from srcore.options.declaration import defaults

_DEFAULT = defaults(SwinIROptions)


class MLP(nn.Module):
    """Two linear layers with a GELU between them.

    Args:
        dim: channels of input and output.
        hidden: channels between.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """``(..., C)`` -> ``(..., C)``."""
        result: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return result


class SwinBlock(nn.Module):
    """Window attention and MLP, each normalized before and added with stochastic depth.

    Args:
        dim: channels C.
        num_heads: attention heads.
        window: side of the windows.
        shift: cyclic shift in pixels; 0: none.
        img_size: side of the training patches; only the stored ``attn_mask`` depends on it.
        mlp_ratio: hidden channels of the MLP relative to ``dim``.
        qkv_bias: bias of the projection to queries, keys and values.
        drop_path: probability to leave out a branch in training, per image.
        backend: attention kernels.
    """

    attn_mask: Tensor | None

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window: int,
        shift: int,
        img_size: int,
        mlp_ratio: float,
        qkv_bias: bool,
        drop_path: float,
        backend: str,
    ) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1 = nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, window, num_heads, qkv_bias, backend)
        self.drop_path = StochasticDepth(drop_path, mode="row")
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = MLP(dim, int(dim * mlp_ratio))
        # Other programs insist on finding the mask of the training size in a file.
        size = math.ceil(img_size / window) * window
        mask = shift_mask(size, size, window, shift) if shift else None
        self.register_buffer("attn_mask", mask)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """``(B, H, W, C)`` and the mask of shifted windows -> ``(B, H, W, C)``."""
        x = x + self.drop_path(self._attend(self.norm1(x), mask))
        changed: Tensor = x + self.drop_path(self.mlp(self.norm2(x)))
        return changed

    def _attend(self, x: Tensor, mask: Tensor | None) -> Tensor:
        height, width = x.shape[1:3]
        if not self.shift:
            windows = self.attn(to_windows(x, self.window))
            return from_windows(windows, self.window, height, width)
        shifted = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        windows = self.attn(to_windows(shifted, self.window), mask)
        shifted = from_windows(windows, self.window, height, width)
        return torch.roll(shifted, (self.shift, self.shift), (1, 2))

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        # The mask follows from the settings; files come without it and with other sizes.
        state_dict.pop(f"{prefix}attn_mask", None)
        if self.attn_mask is not None:
            state_dict[f"{prefix}attn_mask"] = self.attn_mask
        super()._load_from_state_dict(state_dict, prefix, *args)


class _Blocks(nn.Module):
    """The level ``residual_group`` of the official key names."""

    def __init__(self, blocks: Sequence[SwinBlock]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        for block in self.blocks:
            x = block(x, mask)
        return x


class RSTB(nn.Module):
    """Residual Swin Transformer block: a stage of Swin blocks, a convolution, and a skip.

    Args:
        blocks: the Swin blocks.
        dim: channels C.
        residual_connection: ``"1conv"`` or ``"3conv"``.
    """

    def __init__(self, blocks: Sequence[SwinBlock], dim: int, residual_connection: str) -> None:
        super().__init__()
        self.residual_group = _Blocks(blocks)
        self.conv = _residual_conv(dim, residual_connection)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """``(B, H, W, C)`` -> ``(B, H, W, C)``."""
        residual = self.conv(_to_map(self.residual_group(x, mask)))
        return x + _to_tokens(residual)


class _PatchEmbed(nn.Module):
    """The level ``patch_embed`` of the official key names; patches are single pixels."""

    def __init__(self, dim: int, use_norm: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim) if use_norm else None

    def forward(self, x: Tensor) -> Tensor:
        return x if self.norm is None else self.norm(x)


class SwinIR(nn.Module):
    """Residual groups of transformer blocks whose attention sees shifted windows.

    Images ``(N, C, H, W)`` in [0, 1] become ``(N, C, scale * H, scale * W)``; sides that are no
    multiple of ``window_size`` are mirrored and the result is cut.

    The arguments are described in :class:`srcore.networks.options.SwinIROptions`. Stochastic depth
    acts in training mode only. State dicts may lack the buffers ``relative_position_index`` and
    ``attn_mask``; the masks that they hold are not used, because they follow from the settings.

    Where ``img_size <= window_size``, windows have side ``img_size`` and are not shifted.

    Departure from the official class: with ``absolute_position`` inputs of another size than
    ``img_size`` get an interpolated embedding instead of an error.

    >>> import torch
    >>> network = SwinIR(
    ...     scale=2, img_size=8, window_size=4, embed_dim=8, depths=[2], num_heads=[2]
    ... )
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])

    Attributes:
        scale: factor between output and input.
        tile_multiple: what tile sides should be a multiple of.

    Raises:
        SrcoreError: a scale that the up-sampler cannot have, or sizes that do not fit together.
    """

    mean: Tensor

    def __init__(
        self,
        scale: int = 4,
        img_size: int = _DEFAULT.img_size,
        window_size: int = _DEFAULT.window_size,
        embed_dim: int = _DEFAULT.embed_dim,
        depths: Sequence[int] = (6,) * 6,
        num_heads: Sequence[int] = (6,) * 6,
        mlp_ratio: float = _DEFAULT.mlp_ratio,
        qkv_bias: bool = _DEFAULT.qkv_bias,
        drop_path_rate: float = _DEFAULT.drop_path_rate,
        patch_norm: bool = _DEFAULT.patch_norm,
        absolute_position: bool = _DEFAULT.absolute_position,
        upsampler: str = _DEFAULT.upsampler,
        residual_connection: str = _DEFAULT.residual_connection,
        num_features: int = _DEFAULT.num_features,
        img_range: float = _DEFAULT.img_range,
        attention: str = _DEFAULT.attention,
        channels: int = _DEFAULT.channels,
    ) -> None:
        super().__init__()
        for key, complaint in swinir_problems(
            scale, upsampler, embed_dim, tuple(depths), tuple(num_heads)
        ):
            raise SrcoreError(f"{key}: {complaint}")
        self.scale, self.upsampler, self.img_range = scale, upsampler, img_range
        self.window = min(window_size, img_size)
        self.shift = self.window // 2 if img_size > window_size else 0
        # Shrunk windows must divide what the official class pads to, a multiple of window_size.
        self.tile_multiple = math.lcm(window_size, self.window)
        self.in_channels = channels
        mean = DIV2K_MEAN if channels == RGB else (0.0,) * channels  # as the official class has it
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)

        self.conv_first = nn.Conv2d(channels, embed_dim, 3, 1, 1)
        self.patch_embed = _PatchEmbed(embed_dim, patch_norm)
        self.absolute_pos_embed = (
            nn.Parameter(torch.zeros(1, img_size**2, embed_dim)) if absolute_position else None
        )
        drop_paths = iter(torch.linspace(0, drop_path_rate, sum(depths), device="cpu").tolist())
        self.layers = nn.ModuleList(
            RSTB(
                [
                    SwinBlock(
                        dim=embed_dim,
                        num_heads=heads,
                        window=self.window,
                        shift=self.shift if number % 2 else 0,
                        img_size=img_size,
                        mlp_ratio=mlp_ratio,
                        qkv_bias=qkv_bias,
                        drop_path=next(drop_paths),
                        backend=attention,
                    )
                    for number in range(depth)
                ],
                embed_dim,
                residual_connection,
            )
            for depth, heads in zip(depths, num_heads, strict=True)
        )
        self.norm = nn.LayerNorm(embed_dim)
        self.conv_after_body = _residual_conv(embed_dim, residual_connection)
        self._build_tail(embed_dim, num_features, channels)
        self.apply(_initialize_linear)
        if self.absolute_pos_embed is not None:
            nn.init.trunc_normal_(self.absolute_pos_embed, std=0.02)

    def _build_tail(self, embed_dim: int, num_features: int, channels: int) -> None:
        if self.upsampler == "none":
            self.conv_last = nn.Conv2d(embed_dim, channels, 3, 1, 1)
            return
        if self.upsampler == "pixelshuffledirect":
            self.upsample = nn.Sequential(
                nn.Conv2d(embed_dim, self.scale**2 * channels, 3, 1, 1),
                nn.PixelShuffle(self.scale),
            )
            return
        self.conv_before_upsample = nn.Sequential(
            nn.Conv2d(embed_dim, num_features, 3, 1, 1), nn.LeakyReLU(inplace=True)
        )
        if self.upsampler == "pixelshuffle":
            self.upsample = PixelShuffleUpsampler(self.scale, num_features)
        else:
            self.conv_up1 = nn.Conv2d(num_features, num_features, 3, 1, 1)
            if self.scale == 4:
                self.conv_up2 = nn.Conv2d(num_features, num_features, 3, 1, 1)
            self.conv_hr = nn.Conv2d(num_features, num_features, 3, 1, 1)
        self.conv_last = nn.Conv2d(num_features, channels, 3, 1, 1)

    def checkpointed(self) -> Iterator[nn.Module]:
        """The blocks of attention and perceptron."""
        return (module for module in self.modules() if isinstance(module, SwinBlock))

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        height, width = lr.shape[-2:]
        image = (pad_to_multiple(lr, self.tile_multiple) - self.mean) * self.img_range
        shallow = self.conv_first(image)
        deep = self.conv_after_body(self._transform(shallow)) + shallow
        sr = self._reconstruct(deep, image) / self.img_range + self.mean
        return crop(sr, self.scale * height, self.scale * width)

    def _transform(self, shallow: Tensor) -> Tensor:
        """All stages: ``(B, C, H, W)`` -> ``(B, C, H, W)``."""
        height, width = shallow.shape[-2:]
        tokens = self.patch_embed(_to_tokens(shallow))  # (B, H, W, C)
        if self.absolute_pos_embed is not None:
            tokens = tokens + self._absolute_position(height, width)
        mask = None
        if self.shift:
            mask = shift_mask(height, width, self.window, self.shift, shallow.device)
        for layer in self.layers:
            tokens = layer(tokens, mask)
        return _to_map(self.norm(tokens))

    def _absolute_position(self, height: int, width: int) -> Tensor:
        embedding: Any = self.absolute_pos_embed
        side = math.isqrt(embedding.shape[1])
        grid = _to_map(embedding.reshape(1, side, side, -1))
        # Traced sizes are never compared: a branch would fix them in an exported program.
        if is_traced() or (height, width) != (side, side):
            grid = F.interpolate(grid, (height, width), mode="bicubic", align_corners=False)
        return _to_tokens(grid)

    def _reconstruct(self, deep: Tensor, image: Tensor) -> Tensor:
        sr: Tensor
        if self.upsampler == "none":
            sr = image + self.conv_last(deep)
        elif self.upsampler == "pixelshuffledirect":
            sr = self.upsample(deep)
        elif self.upsampler == "pixelshuffle":
            sr = self.conv_last(self.upsample(self.conv_before_upsample(deep)))
        else:
            x = _upsampled(self.conv_before_upsample(deep), self.conv_up1)
            if self.scale == 4:
                x = _upsampled(x, self.conv_up2)
            sr = self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2, inplace=True))
        return sr


def _to_tokens(image: Tensor) -> Tensor:
    return image.permute(0, 2, 3, 1)  # (B, C, H, W) -> (B, H, W, C)


def _to_map(tokens: Tensor) -> Tensor:
    return tokens.permute(0, 3, 1, 2)  # (B, H, W, C) -> (B, C, H, W)


def _upsampled(x: Tensor, conv: nn.Conv2d) -> Tensor:
    return F.leaky_relu(conv(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2, inplace=True)


def _residual_conv(dim: int, kind: str) -> nn.Module:
    if kind == "1conv":
        return nn.Conv2d(dim, dim, 3, 1, 1)
    return nn.Sequential(
        nn.Conv2d(dim, dim // 4, 3, 1, 1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(dim // 4, dim // 4, 1, 1, 0),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(dim // 4, dim, 3, 1, 1),
    )


def _initialize_linear(module: nn.Module) -> None:
    """Truncated normal of std 0.02 for linear layers; the rest keeps PyTorch's initial values."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
