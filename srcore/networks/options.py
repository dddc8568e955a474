"""Options of the built-in networks and discriminators.

They are the TOML keys below ``[generator]`` and ``[discriminator]``. Torch-free, so that checking
an experiment stays quick.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.capabilities import RGB
from srcore.data.sizes import (
    NONE_SUITS,
    output_divisor,
    patch_complaint,
    proposed_side,
    remember_wish,
)
from srcore.options import option
from srcore.options.shared_keys import judged_channels

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]

#: Mean of the DIV2K training images, RGB in [0, 1].
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)

RRDBNET_UNSHUFFLE_SCALES = (1, 2, 4)
RRDBNET_PLAIN_SCALES = (1, 2, 3, 4, 8)
EDSR_SCALES = (1, 2, 3, 4, 8)
MSRRESNET_SCALES = (2, 3, 4)
SWINIR_SCALES: dict[str, tuple[int, ...]] = {
    "pixelshuffle": (1, 2, 3, 4, 8),
    "pixelshuffledirect": (1, 2, 3, 4, 8),
    "nearest+conv": (2, 4),
    "none": (1,),
}
VGG_INPUT_SIZES = (128, 192, 256)
UNET_MULTIPLE = 8


def image_channels() -> Any:
    """The key of a network that says which images it makes: those that it takes."""
    return option(RGB, "of the images in and out: 1 gray, 3 RGB, 4 RGB and alpha")


def scale_complaint(network: str, scale: int, supported: Iterable[int]) -> str:
    """Why a network cannot work at ``scale``; empty if it can."""
    choices = tuple(supported)
    if scale in choices:
        return ""
    text = " or ".join(filter(None, (", ".join(map(str, choices[:-1])), str(choices[-1]))))
    return f"{network} works at scale {text}; found scale = {scale}"


@attrs.frozen(kw_only=True)
class RRDBNetOptions:
    """RRDBNet, the generator of ESRGAN (Wang et al. 2018, arXiv 1809.00219)."""

    num_features: int = option(64, "channels F of the trunk", ge=1, le=4096)
    num_blocks: int = option(23, "number B of RRDBs; 6 in the anime variant", ge=1, le=1024)
    growth_channels: int = option(32, "channels G that each dense convolution adds", ge=1, le=4096)
    unshuffle: bool = option(
        True,
        "scales 1 and 2 unshuffle the input by 4 and 2 and enlarge x4 (Real-ESRGAN); "
        "false: no unshuffling and one up-sampling stage per factor 2 (BSRGAN x2, x8)",
    )
    channels: Literal[1, 3, 4] = image_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Scales that the network cannot have."""
        complaint = rrdbnet_complaint(experiment.scale, self.unshuffle)
        if complaint:
            yield "unshuffle" if experiment.scale in RRDBNET_PLAIN_SCALES else "", complaint


def rrdbnet_complaint(scale: int, unshuffle: bool) -> str:
    """Why an RRDBNet cannot work at ``scale``; empty if it can."""
    supported = RRDBNET_UNSHUFFLE_SCALES if unshuffle else RRDBNET_PLAIN_SCALES
    complaint = scale_complaint("rrdbnet", scale, supported)
    if complaint and scale in RRDBNET_PLAIN_SCALES:
        complaint += "; set unshuffle = false"
    return complaint


def removed_mean() -> Any:
    """The mean color that a network works without."""
    return option(
        DIV2K_MEAN, "mean color in [0, 1] of RGB images that is removed inside the network"
    )


@attrs.frozen(kw_only=True)
class EDSROptions:
    """EDSR (Lim et al. 2017, arXiv 1707.02921); the defaults are the baseline model."""

    num_features: int = option(64, "channels of the trunk; 256 in the large model", ge=1, le=4096)
    num_blocks: int = option(16, "number of residual blocks; 32 in the large model", ge=1, le=1024)
    res_scale: float = option(1.0, "factor of every residual; 0.1 in the large model", gt=0)
    img_range: float = option(255.0, "images are multiplied by it inside the network", gt=0)
    rgb_mean: tuple[float, float, float] = removed_mean()
    channels: Literal[1, 3, 4] = image_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Scales that the network cannot have."""
        complaint = scale_complaint("edsr", experiment.scale, EDSR_SCALES)
        if complaint:
            yield "", complaint


@attrs.frozen(kw_only=True)
class CompactOptions:
    """SRVGGNetCompact of Real-ESRGAN (Wang et al. 2021): plain, small, and quick on a CPU."""

    num_features: int = option(64, "channels between the convolutions", ge=1, le=4096)
    num_convs: int = option(
        16, "convolutions between the first and the last; 32 in realesr-general-x4v3", ge=0, le=1024
    )
    activation: Literal["prelu", "relu", "leakyrelu"] = option(
        "prelu", "prelu learns one slope per channel; leakyrelu has slope 0.1"
    )
    channels: Literal[1, 3, 4] = image_channels()


@attrs.frozen(kw_only=True)
class MSRResNetOptions:
    """Modified SRResNet without normalization, on top of a bilinear enlargement."""

    num_features: int = option(64, "channels of the trunk", ge=1, le=4096)
    num_blocks: int = option(16, "number of residual blocks", ge=1, le=1024)
    channels: Literal[1, 3, 4] = image_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Scales that the network cannot have."""
        complaint = scale_complaint("msrresnet", experiment.scale, MSRRESNET_SCALES)
        if complaint:
            yield "", complaint


@attrs.frozen(kw_only=True)
class SwinIROptions:
    """SwinIR (Liang et al. 2021, arXiv 2108.10257); the defaults are the classical model M."""

    img_size: int = option(
        64,
        "side of the low-resolution training patches; where it is not above window_size, windows "
        "shrink to it and are not shifted",
        ge=1,
        le=65536,
    )
    window_size: int = option(
        8, "side of the attention windows in pixels; 7 for JPEG", ge=1, le=256
    )
    embed_dim: int = option(180, "channels of the trunk; 60 light, 240 large", ge=1, le=4096)
    depths: tuple[int, ...] = option(
        (6,) * 6, "number of Swin blocks of every stage", ge=1, le=1024
    )
    num_heads: tuple[int, ...] = option((6,) * 6, "attention heads of every stage", ge=1, le=1024)
    mlp_ratio: float = option(2.0, "width of the MLPs relative to embed_dim", gt=0, le=64)
    qkv_bias: bool = option(True, "bias of the query, key and value projection")
    drop_path_rate: float = option(
        0.1, "stochastic depth of the last block, rising linearly from 0; in training", ge=0, lt=1
    )
    patch_norm: bool = option(True, "LayerNorm in front of the first stage")
    absolute_position: bool = option(False, "learned absolute position embedding (official: ape)")
    upsampler: Literal["pixelshuffle", "pixelshuffledirect", "nearest+conv", "none"] = option(
        "pixelshuffle",
        "classical, light, real-world, or none: a global residual at scale 1 (denoising, JPEG)",
    )
    residual_connection: Literal["1conv", "3conv"] = option(
        "1conv", "convolutions at the end of every stage; 3conv in the large model"
    )
    num_features: int = option(64, "channels of the reconstruction tail", ge=1, le=4096)
    img_range: float = option(1.0, "images are multiplied by it; 255 for JPEG models", gt=0)
    attention: Literal["auto", "torch", "xformers"] = option(
        "auto", "attention kernels; auto: xformers where installed and able (CUDA), else torch"
    )
    channels: Literal[1, 3, 4] = image_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Scales that the up-sampler cannot have, and sizes that do not fit each other."""
        yield from swinir_problems(
            experiment.scale, self.upsampler, self.embed_dim, self.depths, self.num_heads
        )


def swinir_problems(
    scale: int, upsampler: str, embed_dim: int, depths: tuple[int, ...], num_heads: tuple[int, ...]
) -> Problems:
    """(key, message) for every setting of a SwinIR that cannot work."""
    complaint = scale_complaint(
        f'swinir with upsampler = "{upsampler}"', scale, SWINIR_SCALES[upsampler]
    )
    if complaint:
        yield "upsampler", complaint
    if not depths:
        yield "depths", "expected one number or more, found []"
    if len(depths) != len(num_heads):
        yield (
            "num_heads",
            f"expected one number per stage, {len(depths)} as in depths; found {len(num_heads)}",
        )
    for heads in dict.fromkeys(num_heads):
        if embed_dim % heads:
            yield "num_heads", f"expected divisors of embed_dim = {embed_dim}, found {heads}"


@attrs.frozen(kw_only=True)
class VGGDiscriminatorOptions:
    """VGG-style discriminator of ESRGAN: one logit per image, for one image size only."""

    sees_batch = "batch norm"

    input_size: Literal[128, 192, 256] = option(128, "side of the images in pixels")
    num_features: int = option(
        64, "channels of the first stage; deeper ones have up to 8 times", ge=1, le=4096
    )
    in_channels: int = judged_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Training patches of another size."""
        size = experiment.hr_patch_size
        if size is None or output_divisor(experiment) > 1:
            complaint = patch_complaint(
                experiment, self.input_size.__eq__, str(self.input_size), of_output=True
            )
            if complaint:
                yield "input_size", complaint
            return
        remember_wish(VGG_INPUT_SIZES.__contains__)
        if size == self.input_size:
            return
        difference = f"expected data.train.hr_patch_size = {size}, found {self.input_size}"
        if size in VGG_INPUT_SIZES:
            yield "input_size", f"{difference}; set input_size = {size}"
        else:
            valid = sorted(VGG_INPUT_SIZES, key=lambda side: abs(side - size))
            nearest, _ = proposed_side(valid, experiment.scale, VGG_INPUT_SIZES.__contains__)
            fix = f"set data.train.hr_patch_size = {nearest} (128, 192 and 256 are possible)"
            yield "input_size", f"{difference}; {fix if nearest else NONE_SUITS}"


def adding_on_the_way_up() -> Any:
    """Whether a U-Net adds what it saw on the way down."""
    return option(True, "add the encoder's features on the way up")


@attrs.frozen(kw_only=True)
class UNetDiscriminatorOptions:
    """U-Net discriminator with spectral normalization (Real-ESRGAN): one logit per pixel."""

    sees_batch = "spectral norm"

    num_features: int = option(
        64, "channels at full resolution; deeper ones have up to 8 times", ge=1, le=4096
    )
    skip_connection: bool = adding_on_the_way_up()
    in_channels: int = judged_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Training patches that cannot be halved three times."""
        complaint = patch_complaint(
            experiment,
            lambda side: side % UNET_MULTIPLE == 0,
            f"a multiple of {UNET_MULTIPLE}",
            of_output=True,
        )
        if complaint:
            yield "", complaint


def first_channels() -> Any:
    """Channels of a discriminator by patches."""
    return option(64, "channels of the first layer; deeper ones have up to 8 times", ge=1, le=4096)


@attrs.frozen(kw_only=True)
class PatchDiscriminatorOptions:
    """PatchGAN (Isola et al. 2017, arXiv 1611.07004): one logit per overlapping patch."""

    num_layers: int = option(
        3, "stride-2 convolutions; 3 sees patches of 70x70 pixels", ge=1, le=12
    )
    num_features: int = first_channels()
    norm: Literal["batch", "instance", "spectral", "none"] = option(
        "batch", "normalization of inner layers; spectral: of the weights of all layers"
    )
    in_channels: int = judged_channels()

    @property
    def sees_batch(self) -> str:
        """What the images of a batch act on one another by."""
        return f"{self.norm} norm" if self.norm in ("batch", "spectral") else ""

    def problems(self, experiment: Experiment) -> Problems:
        """Training patches of which nothing would be left."""
        smallest = patch_discriminator_minimum(self.num_layers)
        complaint = patch_complaint(
            experiment, lambda side: side >= smallest, f"at least {smallest}", of_output=True
        )
        if complaint:
            yield "num_layers", f"{self.num_layers} layers: {complaint}"


def patch_discriminator_minimum(num_layers: int) -> int:
    """Smallest image side of a PatchGAN: two pixels get lost after all halvings."""
    return 3 * (1 << num_layers)
