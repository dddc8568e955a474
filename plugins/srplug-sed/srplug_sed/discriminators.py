"""Discriminators that know the semantics of the real image (SeD, Li et al., CVPR 2024).

Module names give the published keys; published widths are those of ``num_features = 64``.
Spectral normalization is PyTorch's hook form, as in the published networks: one power iteration
per forward pass in training mode, v before u.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from srcore.errors import SrcoreError
from srcore.options.declaration import defaults, keywords
from srplug_sed.fusion import SemanticFusion
from srplug_sed.options import (
    PATCH_MINIMUM,
    PATCH_STRIDES,
    PUBLISHED_SIDE,
    SEMANTIC_STRIDE,
    STAGES,
    UNET_MINIMUM,
    UNET_STRIDES,
    Attention,
    SemanticPatchOptions,
    SemanticsOptions,
    SemanticUNetOptions,
    nearest_multiple,
)

if TYPE_CHECKING:
    from srcore.contracts import Batch
    from srplug_sed.semantics import ClipSemantics

Semantics = Callable[[Tensor], Tensor] | SemanticsOptions
_PATCH, _UNET = defaults(SemanticPatchOptions), defaults(SemanticUNetOptions)

RGB = 3
_INITIAL_DEVIATION = 0.02


class SemanticDiscriminator(nn.Module):
    """Base of discriminators that are told the semantics of the real image.

    A training method calls :meth:`condition` once per iteration and hands the result to
    ``forward(image, semantic)``, for real and generated images alike. Subclasses call
    :meth:`check` at the start of their forward pass.

    The extractor is a tool, not a part: it is in no state_dict or checkpoint, has no parameters
    to train, is not synchronized between processes, and keeps its own training mode.

    Args:
        semantics: ``(N, 3, H, W)`` in [0, 1] -> ``(N, C, H / stride, W / stride)``, or the options
            of a :class:`srplug_sed.semantics.ClipSemantics` that is one; without one, ``condition``
            is refused and maps come from elsewhere.
        semantic_dim: channels C of the semantic map; of options: what they make.
        semantic_size: side of the semantic map of a 256x256 image.
        minimum: smallest side of an image.
    """

    semantics: Callable[[Tensor], Tensor] | None

    def __init__(
        self,
        semantics: Semantics | None,
        semantic_dim: int,
        semantic_size: int = _PATCH.semantic_size,
        minimum: int = SEMANTIC_STRIDE,
    ) -> None:
        super().__init__()
        semantic_stride = PUBLISHED_SIDE // semantic_size
        if isinstance(semantics, SemanticsOptions):
            semantics = clip_of(semantics, semantic_stride)
            semantic_dim = semantics.channels
        # Not a child: Module would register it, and with it state, parameters and mode.
        object.__setattr__(self, "semantics", semantics)
        self.semantic_dim, self.semantic_stride = semantic_dim, semantic_stride
        self.minimum = max(minimum, semantic_stride)

    def condition(self, batch: Batch) -> Tensor:
        """The semantic map of ``batch["hr"]``, ``(N, C, H / stride, W / stride)``, no graph.

        It is that of the colors: gray images have three equal ones, alpha is not looked at.

        Raises:
            SrcoreError: it was built without semantics, or the images are too small for them.
        """
        if self.semantics is None:
            raise SrcoreError(
                f"{type(self).__name__} was built without semantics; pass an extractor, such as "
                "srplug_sed.semantics.ClipSemantics, or semantic maps of your own"
            )
        hr = batch["hr"]
        self._check_sides(hr)
        if isinstance(self.semantics, nn.Module):
            self.semantics.to(hr.device)
        with torch.no_grad():
            return self.semantics(hr[:, :RGB].expand(-1, RGB, -1, -1))

    def check(self, image: Tensor, semantic: Tensor) -> None:
        """Refuse images and semantic maps that do not fit each other.

        Raises:
            SrcoreError: sides that are no multiple of the stride or too small, or a map of other
                channels or size.
        """
        self._check_sides(image)
        sides = (side // self.semantic_stride for side in image.shape[-2:])
        expected = (len(image), self.semantic_dim, *sides)
        if tuple(semantic.shape) != expected:
            raise SrcoreError(
                f"semantic discriminator: semantic map has shape {tuple(semantic.shape)}; expected "
                f"{expected} for images {tuple(image.shape)}"
            )

    def _check_sides(self, image: Tensor) -> None:
        stride, sides = self.semantic_stride, tuple(image.shape[-2:])
        if min(sides) >= self.minimum and not any(side % stride for side in sides):
            return
        nearest = [max(self.minimum, nearest_multiple(side, stride)) for side in sides]
        raise SrcoreError(
            f"semantic discriminator: image has shape {tuple(image.shape)}; expected sides that "
            f"are multiples of {stride} and at least {self.minimum}, the nearest are "
            f"{nearest[0]}x{nearest[1]}; set data.train.hr_patch_size"
        )


class SemanticPatchDiscriminator(SemanticDiscriminator):
    """P+SeD: PatchGAN with a fusion block after each of its inner layers.

    Convolutions and linear layers start from N(0, 0.02) with bias 0, those of the fusion blocks
    included.

    Args:
        num_features: channels F of the first layer; 2F, 4F, 8F follow.
        semantic_dim: channels C of the semantic map; a multiple of 32.
        num_heads: attention heads of the fusion blocks.
        head_dim: channels of a head.
        in_channels: channels of the images.
        attention: see :func:`srcore.networks.attention.attention`.
        semantics: see :class:`SemanticDiscriminator`.
        semantic_size: side of the semantic map of a 256x256 image.

    >>> import torch
    >>> network = SemanticPatchDiscriminator(num_features=4, semantic_dim=32, head_dim=4)
    >>> semantics = torch.rand(1, 32, 4, 4)
    >>> network(torch.rand(1, 3, 64, 64), semantics).shape
    torch.Size([1, 1, 6, 6])
    """

    def __init__(
        self,
        num_features: int = _PATCH.num_features,
        semantic_dim: int = 1024,
        num_heads: int = _PATCH.num_heads,
        head_dim: int = _PATCH.head_dim,
        in_channels: int = _PATCH.in_channels,
        attention: Attention = _PATCH.attention,
        semantics: Semantics | None = None,
        semantic_size: int = _PATCH.semantic_size,
    ) -> None:
        super().__init__(semantics, semantic_dim, semantic_size, PATCH_MINIMUM)
        semantic_dim = self.semantic_dim
        factors = [_up_factor(self.semantic_stride, stride) for stride in PATCH_STRIDES]
        added = [semantic_dim // factor**2 for factor in factors]
        w1, w2, w4, w8 = (num_features * multiple for multiple in (1, 2, 4, 8))

        def fusion(layer: int, width: int) -> SemanticFusion:
            return SemanticFusion(
                semantic_dim,
                num_heads,
                head_dim,
                width,
                factors[layer],
                is_last=layer == 2,  # here the features have lost a row and a column
                attention=attention,
            )

        self.conv_first = nn.Conv2d(in_channels, w1, 4, 2, 1)
        self.conv1 = spectral_norm(nn.Conv2d(w1, w2, 4, 2, 1))
        self.att1 = fusion(0, w2)
        self.conv11 = spectral_norm(nn.Conv2d(w2 + added[0], w2, 3, 1, 1))
        self.conv2 = spectral_norm(nn.Conv2d(w2, w4, 4, 2, 1))
        self.att2 = fusion(1, w4)
        self.conv21 = spectral_norm(nn.Conv2d(w4 + added[1], w4, 3, 1, 1))
        self.conv3 = spectral_norm(nn.Conv2d(w4, w8, 4, 1, 1))
        self.att3 = fusion(2, w8)
        self.conv31 = spectral_norm(nn.Conv2d(w8 + added[2], w8, 3, 1, 1))
        self.conv_last = nn.Conv2d(w8, 1, 4, 1, 1)
        self.apply(_initialize_normal)

    def forward(self, image: Tensor, semantic: Tensor) -> Tensor:
        """Logits of image patches.

        Args:
            image: ``(N, 3, H, W)``; sides are multiples of 16 and at least 32.
            semantic: ``(N, C, H / 16, W / 16)``.

        Returns:
            ``(N, 1, H / 8 - 2, W / 8 - 2)``.
        """
        self.check(image, semantic)
        x = _activate(self.conv_first(image))
        x = _activate(_fused(self.conv11, self.conv1(x), self.att1, semantic))
        x = _activate(_fused(self.conv21, self.conv2(x), self.att2, semantic))
        x = _activate(_fused(self.conv31, self.conv3(x), self.att3, semantic))
        logits: Tensor = self.conv_last(x)
        return logits


class SemanticUNetDiscriminator(SemanticDiscriminator):
    """U+SeD: U-Net discriminator with fusion blocks at the bottom and on the way up.

    Layers keep PyTorch's initial values, and the fusion blocks' last projections start at zero.

    Args:
        num_features: channels F at full resolution; 2F, 4F, 8F below.
        semantic_dim: channels C of the semantic map; a multiple of 64.
        skip_connection: add the encoder's features on the way up, after the activation.
        num_heads: attention heads of the fusion blocks.
        head_dim: channels of a head.
        in_channels: channels of the images.
        attention: see :func:`srcore.networks.attention.attention`.
        semantics: see :class:`SemanticDiscriminator`.
        semantic_size: side of the semantic map of a 256x256 image.

    >>> import torch
    >>> network = SemanticUNetDiscriminator(num_features=4, semantic_dim=64, head_dim=4)
    >>> semantics = torch.rand(1, 64, 4, 4)
    >>> network(torch.rand(1, 3, 64, 64), semantics).shape
    torch.Size([1, 1, 64, 64])
    """

    def __init__(
        self,
        num_features: int = _UNET.num_features,
        semantic_dim: int = 1024,
        skip_connection: bool = _UNET.skip_connection,
        num_heads: int = _UNET.num_heads,
        head_dim: int = _UNET.head_dim,
        in_channels: int = _UNET.in_channels,
        attention: Attention = _UNET.attention,
        semantics: Semantics | None = None,
        semantic_size: int = _UNET.semantic_size,
    ) -> None:
        super().__init__(semantics, semantic_dim, semantic_size, UNET_MINIMUM)
        semantic_dim = self.semantic_dim
        self.skip_connection = skip_connection
        factors = [_up_factor(self.semantic_stride, stride) for stride in UNET_STRIDES]
        added = [semantic_dim // factor**2 for factor in factors]
        w1, w2, w4, w8 = (num_features * multiple for multiple in (1, 2, 4, 8))

        def fusion(layer: int, width: int) -> SemanticFusion:
            return SemanticFusion(
                semantic_dim, num_heads, head_dim, width, factors[layer], attention=attention
            )

        self.conv0 = nn.Conv2d(in_channels, w1, 3, 1, 1)
        self.conv1 = spectral_norm(nn.Conv2d(w1, w2, 4, 2, 1, bias=False))
        self.att1 = fusion(0, w2)
        self.conv11 = spectral_norm(nn.Conv2d(w2 + added[0], w2, 3, 1, 1))
        self.conv2 = spectral_norm(nn.Conv2d(w2, w4, 4, 2, 1, bias=False))
        self.att2 = fusion(1, w4)
        self.conv21 = spectral_norm(nn.Conv2d(w4 + added[1], w4, 3, 1, 1))
        self.conv3 = spectral_norm(nn.Conv2d(w4, w8, 4, 2, 1, bias=False))
        self.att3 = fusion(2, w8)
        self.conv31 = spectral_norm(nn.Conv2d(w8 + added[2], w8, 3, 1, 1))
        self.conv4 = spectral_norm(nn.Conv2d(w8, w4, 3, 1, 1, bias=False))
        self.conv5 = spectral_norm(nn.Conv2d(w4, w2, 3, 1, 1, bias=False))
        self.conv6 = spectral_norm(nn.Conv2d(w2, w1, 3, 1, 1, bias=False))
        self.conv7 = spectral_norm(nn.Conv2d(w1, w1, 3, 1, 1, bias=False))
        self.conv8 = spectral_norm(nn.Conv2d(w1, w1, 3, 1, 1, bias=False))
        self.conv9 = nn.Conv2d(w1, 1, 3, 1, 1)

    def forward(self, image: Tensor, semantic: Tensor) -> Tensor:
        """Logits of pixels.

        Args:
            image: ``(N, 3, H, W)``; sides are multiples of 16.
            semantic: ``(N, C, H / 16, W / 16)``.

        Returns:
            ``(N, 1, H, W)``.
        """
        self.check(image, semantic)
        x0 = _activate(self.conv0(image))
        x1 = _activate(self.conv1(x0))
        x2 = _activate(self.conv2(x1))
        x = _activate(_fused(self.conv31, self.conv3(x2), self.att3, semantic))
        x = self._up(self.conv4, x, x2)
        # No activation behind the fusions on the way up, as published.
        x = _fused(self.conv21, x, self.att2, semantic)
        x = self._up(self.conv5, x, x1)
        x = _fused(self.conv11, x, self.att1, semantic)
        x = self._up(self.conv6, x, x0)
        x = _activate(self.conv8(_activate(self.conv7(x))))
        logits: Tensor = self.conv9(x)
        return logits

    def _up(self, conv: nn.Module, x: Tensor, skip: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = _activate(conv(x))
        return x + skip if self.skip_connection else x


def clip_of(semantics: SemanticsOptions, stride: int) -> ClipSemantics:
    """What describes the real image, by one vector for ``stride`` x ``stride`` of its pixels."""
    from srplug_sed.semantics import ClipSemantics

    return ClipSemantics(**keywords(semantics), stage=STAGES[stride])


def _fused(conv: nn.Module, x: Tensor, fusion: nn.Module, semantic: Tensor) -> Tensor:
    """Convolve the features together with what they say about the semantics."""
    fused: Tensor = conv(torch.cat([x, fusion(semantic, x)], dim=1))
    return fused


def _up_factor(semantic_stride: int, stride: int) -> int:
    """How much finer the features are than the semantic map."""
    return max(1, semantic_stride // stride)


def _activate(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2, inplace=True)


def _initialize_normal(layer: nn.Module) -> None:
    if not isinstance(layer, (nn.Conv2d, nn.Linear)):
        return
    # Under spectral normalization, weight is computed from weight_orig.
    nn.init.normal_(getattr(layer, "weight_orig", layer.weight), 0.0, _INITIAL_DEVIATION)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
