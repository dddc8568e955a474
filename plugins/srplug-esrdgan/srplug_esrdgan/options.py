"""TOML keys of the plugin's components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.networks.options import image_channels
from srcore.options import odd, option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]

#: Sides of the images that the discriminator can judge: halved until 4 x 4 pixels are left.
SCALES = (1, 2, 4, 8, 16)
INPUT_SIZES = (16, 32, 64, 128, 256, 512)
RGB = 3


def order_complaint(order: str, channels: int) -> str:
    """Why colors cannot be turned around; empty if they can."""
    if order == "bgr" and channels > RGB:
        return f'expected "rgb" for images of {channels} channels, found "bgr"'
    return ""


def scale_complaint(scale: int) -> str:
    """Why the generator cannot work at ``scale``; empty if it can."""
    if scale in SCALES:
        return ""
    return f"esrdgan doubles the size: scale must be 1, 2, 4, 8 or 16, found scale = {scale}"


def activation_type() -> Any:
    """What comes behind convolutions."""
    return option("leaky_relu", "slope 0.2 or 0 below zero (act_type)")


def color_order() -> Any:
    """Colors as the weights expect them."""
    return option(
        "rgb", "order of the colors that the weights expect; bgr: weights of the published program"
    )


@attrs.frozen(kw_only=True)
class GeneratorOptions:
    """ESRDGAN's generator: ESRGAN's RRDBNet with a choice of kernels, scalings, activation."""

    num_features: int = option(128, "channels F of the trunk (num_features)", ge=1, le=4096)
    num_blocks: int = option(12, "number N of RRDBs (num_rrdb)", ge=1, le=1024)
    growth_channels: int = option(
        32, "channels G that each dense convolution adds (rdb_growth_chan)", ge=1, le=4096
    )
    fusion_kernel_size: int = option(
        3, "kernel of the local feature fusion, odd (lff_kern_size)", ge=1, le=255, check=odd
    )
    hr_kernel_size: Literal[3, 5] = option(3, "kernel of the last two convolutions (hr_kern_size)")
    dense_scaling: float = option(0.2, "factor of a dense block's residual (rdb_res_scaling)")
    block_scaling: float = option(0.2, "factor of an RRDB's residual (rrdb_res_scaling)")
    activation: Literal["leaky_relu", "relu"] = activation_type()
    init_scale: float = option(
        0.5, "factor c of the initial weights, Normal(0, c sqrt(2 / fan_in))", gt=0
    )
    channel_order: Literal["rgb", "bgr"] = color_order()
    channels: Literal[1, 3, 4] = image_channels()

    def problems(self, experiment: Experiment) -> Problems:
        """Scales that are no power of two, and an order of colors where there is none."""
        complaint = scale_complaint(experiment.scale)
        if complaint:
            yield "", complaint
        complaint = order_complaint(self.channel_order, self.channels)
        if complaint:
            yield "channel_order", complaint


@attrs.frozen(kw_only=True)
class DiscriminatorOptions:
    """ESRDGAN's VGG-style discriminator: one logit per image, for one image size only."""

    input_size: Literal[16, 32, 64, 128, 256, 512] = option(
        128, "side of the images in pixels; the published program has 128 only"
    )
    num_features: int = option(
        96, "channels of the first stage; deeper ones have up to 8 times", ge=1, le=4096
    )
    norm: Literal["batch", "instance", "none"] = option("batch", "normalization (norm_type)")
    kernel_size: Literal[3, 5] = option(
        3, "kernel of the convolutions without stride (feat_kern_size)"
    )
    activation: Literal["leaky_relu", "relu"] = activation_type()
    init_scale: float = option(
        1.0, "factor c of the initial weights, Normal(0, c sqrt(2 / fan_in))", gt=0
    )
    channel_order: Literal["rgb", "bgr"] = color_order()
    in_channels: int = option(RGB, "channels of the images", ge=1, le=1024)

    @property
    def sees_batch(self) -> str:
        """What the images of a batch act on one another by."""
        return "batch norm" if self.norm == "batch" else ""

    def problems(self, experiment: Experiment) -> Problems:
        """Training patches of another size, and an order of colors where there is none."""
        complaint = order_complaint(self.channel_order, self.in_channels)
        if complaint:
            yield "channel_order", complaint
        size = experiment.hr_patch_size
        if size is None:
            if experiment.data.train is not None:
                yield (
                    "input_size",
                    f"takes images of {self.input_size} x {self.input_size} pixels only, but "
                    f"data.train cuts no patches; set data.train.hr_patch_size = {self.input_size}",
                )
        elif size != self.input_size:
            difference = f"expected data.train.hr_patch_size = {size}, found {self.input_size}"
            if size in INPUT_SIZES:
                yield "input_size", f"{difference}; set input_size = {size}"
            else:
                sizes = ", ".join(map(str, INPUT_SIZES))
                fix = f"set data.train.hr_patch_size = {self.input_size} (possible: {sizes})"
                yield "input_size", f"{difference}; {fix}"


@attrs.frozen(kw_only=True)
class LabelOptions:
    """Target values of adversarial losses: one-sided smoothing, noise, flips.

    Without any of them real images should be judged 1 and generated ones 0.
    """

    smoothing: float = option(
        0.0, "taken off the target of real images only; published: 0.1 or 0", ge=0, le=1
    )
    noise: float = option(
        0.0, "standard deviation of the targets, which stay in [0, 1]; published: 0.05 or 0", ge=0
    )
    noise_per_image: bool = option(
        False, "a draw for every image instead of one per class and iteration"
    )
    flip_probability: float = option(
        0.0,
        "how often an iteration swaps the classes, for both networks; published: 1 or 0",
        ge=0,
        le=1,
    )
    smooth_flipped: bool = option(
        True, "false: swapped targets lose their smoothing, as in the published program"
    )


@attrs.frozen(kw_only=True)
class InstanceNoiseOptions:
    """Noise on everything the discriminator sees, fading until it sees the images as they are."""

    sigma: float = option(1.0, "standard deviation at the start, for images in [0, 1]", ge=0)
    end: float = option(
        1.0, "share of the training after which there is no noise any more", gt=0, le=1
    )
    kind: Literal["fading_normal", "growing_uniform"] = option(
        "fading_normal",
        "sigma n sqrt(1 - t / end), n normal; growing_uniform: sigma u sqrt(t), u uniform in "
        "[0, 1), as in the published program",
    )
