"""Generator and discriminator of ESRDGAN, with the key names of its checkpoints.

Generator: ESRGAN (Wang et al. 2018, arXiv 1809.00219) with a choice of kernels, residual scalings
and activation. Discriminator: VGG-style, one logit per image.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.networks.initialization import scaled_kaiming_
from srcore.options.declaration import defaults
from srplug_esrdgan.options import (
    INPUT_SIZES,
    SCALES,
    DiscriminatorOptions,
    GeneratorOptions,
    order_complaint,
    scale_complaint,
)

_GENERATOR = defaults(GeneratorOptions)
_DISCRIMINATOR = defaults(DiscriminatorOptions)

Activation = Literal["leaky_relu", "relu"]
ChannelOrder = Literal["rgb", "bgr"]

_SLOPES = {"leaky_relu": 0.2, "relu": 0.0}
_DENSE_CONVS, _DENSE_BLOCKS = 4, 3
_HEAD_SIDE, _HEAD_FEATURES = 4, 100


def _activation(name: Activation) -> nn.Module:
    # In place: nobody, the backward pass included, needs the layer's input.
    return nn.LeakyReLU(_SLOPES[name], inplace=True)


def _padded_convolution(inputs: int, outputs: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


def initialize_(network: nn.Module, factor: float) -> None:
    """All convolutions and linear layers: Normal(0, factor * sqrt(2 / fan_in)), biases 0."""
    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]
    scaled_kaiming_(layers, factor)


class DenseConv(nn.Module):
    """A convolution and an activation whose output is appended to the input."""

    def __init__(self, inputs: int, growth: int, activation: Activation) -> None:
        super().__init__()
        self.conv = nn.Sequential(_padded_convolution(inputs, growth, 3), _activation(activation))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, C, H, W)`` -> ``(N, C + growth, H, W)``."""
        return torch.cat((x, self.conv(x)), 1)


class FusionDenseBlock(nn.Module):
    """``x + scaling * LFF(dense4(dense3(dense2(dense1(x)))))`` (Zhang et al. 2018, 1802.08797).

    Args:
        features: channels of input and output.
        growth: channels that each of the four dense convolutions appends.
        fusion_kernel_size: kernel of the local feature fusion (LFF), odd.
        scaling: factor of the residual.
        activation: of the dense convolutions.
    """

    def __init__(
        self,
        features: int,
        growth: int,
        fusion_kernel_size: int,
        scaling: float,
        activation: Activation,
    ) -> None:
        super().__init__()
        self.scaling = scaling
        for number in range(_DENSE_CONVS):
            conv = DenseConv(features + number * growth, growth, activation)
            self.add_module(f"conv{number + 1}", conv)
        self.LFF = _padded_convolution(
            features + _DENSE_CONVS * growth, features, fusion_kernel_size
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, H, W)``."""
        dense = x
        for number in range(_DENSE_CONVS):
            dense = self.get_submodule(f"conv{number + 1}")(dense)
        return torch.add(x, self.LFF(dense), alpha=self.scaling)


class FusionRRDB(nn.Module):
    """Residual in residual: ``x + scaling * rdb3(rdb2(rdb1(x)))``."""

    def __init__(self, blocks: list[FusionDenseBlock], scaling: float) -> None:
        super().__init__()
        self.scaling = scaling
        self.rdbs = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, H, W)``."""
        return torch.add(x, self.rdbs(x), alpha=self.scaling)


class Shortcut(nn.Module):
    """``x + module(x)``."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.module = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, H, W)``."""
        inner: Tensor = self.module(x)
        return x + inner


class UpConv(nn.Module):
    """Repeat every pixel 2 x 2, convolve, activate."""

    def __init__(self, features: int, activation: Activation) -> None:
        super().__init__()
        self.upconv = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="nearest"),
            _padded_convolution(features, features, 3),
            _activation(activation),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(N, F, H, W)`` -> ``(N, F, 2H, 2W)``."""
        upscaled: Tensor = self.upconv(x)
        return upscaled


class ESRDGANGenerator(nn.Module):
    """ESRDGAN's generator.

        [generator]
        type = "esrdgan"
        num_features = 64
        num_blocks = 23

    With kernels of 3 and the other defaults it computes what ESRGAN's RRDBNet computes.

    Args:
        scale: 1, 2, 4, 8 or 16.
        num_features: channels F of the trunk.
        num_blocks: number N of RRDBs.
        growth_channels: channels G that each dense convolution adds.
        fusion_kernel_size: kernel of the local feature fusion, odd.
        hr_kernel_size: kernel of the last two convolutions, 3 or 5.
        dense_scaling: factor of the dense blocks' residuals.
        block_scaling: factor of the RRDBs' residuals.
        activation: ``"leaky_relu"`` (slope 0.2) or ``"relu"``.
        init_scale: see :func:`initialize_`.
        channel_order: ``"bgr"`` for weights that were trained on blue, green, red: colors are
            turned around in front of and behind the network.
        channels: channels of input and output.

    Attributes:
        scale: factor between output and input.
        receptive_radius: low-resolution pixels around an output pixel that it depends on.

    Raises:
        SrcoreError: a scale that is no power of two (the published program builds the next lower
            one), or above 16.

    >>> import torch
    >>> network = ESRDGANGenerator(scale=2, num_features=4, num_blocks=1, growth_channels=2)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])
    """

    def __init__(
        self,
        scale: int = 4,
        num_features: int = _GENERATOR.num_features,
        num_blocks: int = _GENERATOR.num_blocks,
        growth_channels: int = _GENERATOR.growth_channels,
        fusion_kernel_size: int = _GENERATOR.fusion_kernel_size,
        hr_kernel_size: int = _GENERATOR.hr_kernel_size,
        dense_scaling: float = _GENERATOR.dense_scaling,
        block_scaling: float = _GENERATOR.block_scaling,
        activation: Activation = _GENERATOR.activation,
        init_scale: float = _GENERATOR.init_scale,
        channel_order: ChannelOrder = _GENERATOR.channel_order,
        channels: int = _GENERATOR.channels,
    ) -> None:
        super().__init__()
        complaint = scale_complaint(scale) or order_complaint(channel_order, channels)
        if complaint:
            raise SrcoreError(complaint)
        self.scale = scale
        self.in_channels = channels
        self.channel_order = channel_order
        stages = SCALES.index(scale)
        fusion_radius = fusion_kernel_size // 2
        trunk_radius = 2 + num_blocks * _DENSE_BLOCKS * (_DENSE_CONVS + fusion_radius)
        self.receptive_radius = trunk_radius + _tail_radius(stages, hr_kernel_size)

        def rrdb() -> FusionRRDB:
            dense = [
                FusionDenseBlock(
                    num_features, growth_channels, fusion_kernel_size, dense_scaling, activation
                )
                for _ in range(_DENSE_BLOCKS)
            ]
            return FusionRRDB(dense, block_scaling)

        blocks = (rrdb() for _ in range(num_blocks))
        self.model = nn.Sequential(
            _padded_convolution(channels, num_features, 3),
            Shortcut(*blocks, _padded_convolution(num_features, num_features, 3)),
            *(UpConv(num_features, activation) for _ in range(stages)),
            _padded_convolution(num_features, num_features, hr_kernel_size),
            _activation(activation),
            _padded_convolution(num_features, channels, hr_kernel_size),
        )
        initialize_(self, init_scale)

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        if self.channel_order == "rgb":
            sr: Tensor = self.model(lr)
            return sr
        turned: Tensor = self.model(lr.flip(1))
        return turned.flip(1)


def _tail_radius(stages: int, hr_kernel_size: int) -> int:
    """Reach of everything behind the trunk, in low-resolution pixels."""
    radius = 2 * (hr_kernel_size // 2)
    for _ in range(stages):
        radius = (radius + 2) // 2  # a 3x3 kernel, then half as many pixels, rounded up
    return radius


class ESRDGANDiscriminator(nn.Module):
    """ESRDGAN's discriminator: stages of a convolution and a strided 4x4 one, then a linear head.

        [discriminator]
        type = "esrdgan"
        input_size = 128

    Convolutions keep their bias in front of a norm. Stages halve the image until 4 x 4 pixels are
    left; the published program knows 128 x 128 (five stages) only.

    Args:
        input_size: side of the images: 16, 32, 64, 128, 256 or 512.
        num_features: channels f of the first stage; 2f, 4f, 8f, 8f, ... follow.
        norm: ``"batch"``, ``"instance"`` (no parameters, no running statistics) or ``"none"``;
            the very first convolution has none.
        kernel_size: kernel of the convolutions without stride, 3 or 5.
        activation: ``"leaky_relu"`` (slope 0.2) or ``"relu"``.
        init_scale: see :func:`initialize_`.
        channel_order: ``"bgr"`` for weights that were trained on blue, green, red.
        in_channels: channels of the images.

    Raises:
        SrcoreError: another input size, at construction or in an image.

    >>> import torch
    >>> network = ESRDGANDiscriminator(input_size=16, num_features=4)
    >>> network(torch.rand(2, 3, 16, 16)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        input_size: int = _DISCRIMINATOR.input_size,
        num_features: int = _DISCRIMINATOR.num_features,
        norm: Literal["batch", "instance", "none"] = _DISCRIMINATOR.norm,
        kernel_size: int = _DISCRIMINATOR.kernel_size,
        activation: Activation = _DISCRIMINATOR.activation,
        init_scale: float = _DISCRIMINATOR.init_scale,
        channel_order: ChannelOrder = _DISCRIMINATOR.channel_order,
        in_channels: int = _DISCRIMINATOR.in_channels,
    ) -> None:
        super().__init__()
        if input_size not in INPUT_SIZES:
            sizes = ", ".join(map(str, INPUT_SIZES))
            raise SrcoreError(
                f"esrdgan discriminator: input_size {input_size}; expected one of {sizes}"
            )
        complaint = order_complaint(channel_order, in_channels)
        if complaint:
            raise SrcoreError(f"esrdgan discriminator: {complaint}")
        self.input_size = input_size
        self.channel_order = channel_order
        stages = (input_size // _HEAD_SIDE).bit_length() - 1
        channels = [num_features * min(2**stage, 8) for stage in range(stages)]
        self.features = nn.Sequential(
            *(
                StridedDownConv(inputs, outputs, kernel_size, norm, activation, first=not number)
                for number, (inputs, outputs) in enumerate(
                    zip([in_channels, *channels], channels, strict=False)
                )
            )
        )
        self.classifier = nn.Sequential(
            nn.Linear(channels[-1] * _HEAD_SIDE**2, _HEAD_FEATURES),
            _activation(activation),
            nn.Linear(_HEAD_FEATURES, 1),
        )
        initialize_(self, init_scale)

    def forward(self, image: Tensor) -> Tensor:
        """``(N, 3, input_size, input_size)`` -> logits ``(N, 1)``."""
        size = self.input_size
        if image.shape[-2:] != (size, size):
            raise SrcoreError(
                f"esrdgan discriminator: image has shape {tuple(image.shape)}; expected "
                f"(N, C, {size}, {size}); set discriminator.input_size or "
                "data.train.hr_patch_size"
            )
        ordered = image if self.channel_order == "rgb" else image.flip(1)
        logits: Tensor = self.classifier(self.features(ordered).flatten(1))
        return logits


class StridedDownConv(nn.Module):
    """Convolution, norm, activation, strided convolution, norm, activation; half the size.

    Args:
        inputs: channels of the input.
        outputs: channels of both convolutions.
        kernel_size: of the convolution without stride.
        norm: see :class:`ESRDGANDiscriminator`.
        activation: see :class:`ESRDGANDiscriminator`.
        first: leave out the first norm.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        norm: Literal["batch", "instance", "none"],
        activation: Activation,
        *,
        first: bool,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [_padded_convolution(inputs, outputs, kernel_size)]
        if not first:
            layers += _norm(norm, outputs)
        layers += [_activation(activation), nn.Conv2d(outputs, outputs, 4, 2, 1)]
        layers += [*_norm(norm, outputs), _activation(activation)]
        self.strideddownconv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inputs, H, W)`` -> ``(N, outputs, H/2, W/2)``."""
        half: Tensor = self.strideddownconv(x)
        return half


def _norm(name: Literal["batch", "instance", "none"], channels: int) -> list[nn.Module]:
    if name == "none":
        return []
    return [nn.BatchNorm2d(channels) if name == "batch" else nn.InstanceNorm2d(channels)]
