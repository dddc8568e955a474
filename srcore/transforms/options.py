"""Options of the batch transforms. Ranges are [lowest, highest], both drawn uniformly between.

Defaults of the second-order degradation: Wang et al., "Real-ESRGAN", ICCVW 2021, as LDL uses them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.config.batch_size import known_batch_size
from srcore.data.wrapping import crop_size
from srcore.options.checks import Range, odd, ordered, range_option
from srcore.options.declaration import InvalidOptionError, option
from srcore.options.shared_keys import gray_noise_probability
from srcore.transforms.bicubic_dialect import BicubicDialect

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

ImageKey = Literal["lr", "hr"]
_IMAGE_HELP = "which tensor of the batch to change"


def _odd_ordered(value: Any) -> str:
    if any(size % 2 == 0 for size in value):
        return f"expected odd sizes, found {list(value)}"
    return ordered(value)


def _probabilities(value: Any) -> str:
    return "" if sum(value) > 0 else f"expected at least one number > 0, found {list(value)}"


@attrs.frozen(kw_only=True)
class BicubicOptions:
    """LR made from the batch's HR images by bicubic down-scaling."""

    dialect: BicubicDialect = option(
        "matlab",
        "matlab: antialiased, mirrored border; matlab_uint8: as the Set5/Set14/BSD100 files; "
        "opencv: 4 taps without antialiasing",
    )
    quantize: bool = option(True, "clip to [0, 1] and round to 1/255, as an image file would")

    def entries(self) -> tuple[str, ...]:
        """What the transform makes."""
        return ("lr",)


@attrs.frozen(kw_only=True)
class KernelOptions:
    """How blur kernels are drawn, one per image."""

    sizes: tuple[int, int] = option(
        (7, 21), "smallest and largest odd kernel size in pixels", ge=1, check=_odd_ordered
    )
    iso: float = option(0.45, "relative frequency of isotropic Gaussians", ge=0)
    aniso: float = option(0.25, "relative frequency of anisotropic Gaussians", ge=0)
    generalized_iso: float = option(0.12, "relative frequency: isotropic, exp(-q^beta/2)", ge=0)
    generalized_aniso: float = option(0.03, "relative frequency: anisotropic, exp(-q^beta/2)", ge=0)
    plateau_iso: float = option(0.12, "relative frequency: isotropic, 1/(1+q^beta)", ge=0)
    plateau_aniso: float = option(0.03, "relative frequency: anisotropic, 1/(1+q^beta)", ge=0)
    sinc_probability: float = option(0.1, "how often a sinc (ringing) kernel instead", ge=0, le=1)
    sinc_cutoff: Range = range_option(
        (math.pi / 5, math.pi), "cutoff of sinc kernels in radians, sizes from 13 on", gt=0
    )
    sinc_cutoff_small: Range = range_option(
        (math.pi / 3, math.pi), "cutoff of sinc kernels in radians, sizes below 13", gt=0
    )
    sigma: Range = range_option((0.2, 3.0), "standard deviation along either axis in pixels", gt=0)
    rotation: Range = range_option((-math.pi, math.pi), "angle of anisotropic kernels in radians")
    generalized_beta: Range = range_option(
        (0.5, 4.0), "beta: half the draws from [lowest, 1], half from [1, highest]", gt=0
    )
    plateau_beta: Range = range_option(
        (1.0, 2.0), "beta: half the draws from [lowest, 1], half from [1, highest]", gt=0
    )

    @property
    def kind_weights(self) -> tuple[float, ...]:
        """Relative frequencies in the order of :data:`srcore.transforms.kernels.KINDS`."""
        return (
            self.iso,
            self.aniso,
            self.generalized_iso,
            self.generalized_aniso,
            self.plateau_iso,
            self.plateau_aniso,
        )

    def __attrs_post_init__(self) -> None:
        if sum(self.kind_weights) <= 0:
            raise InvalidOptionError("iso", "expected at least one kind with a frequency > 0")


@attrs.frozen(kw_only=True)
class SecondKernelOptions(KernelOptions):
    """Blur kernels of the second pass."""

    sigma: Range = range_option((0.2, 1.5), "standard deviation along either axis in pixels", gt=0)


def damaged_entry() -> Any:
    """The entry of the batch that a damage changes."""
    return option("lr", _IMAGE_HELP, entry=True)


@attrs.frozen(kw_only=True)
class BlurOptions(KernelOptions):
    """Blur every image with a kernel of its own."""

    image: ImageKey = damaged_entry()
    probability: float = option(1.0, "how often the batch is blurred", ge=0, le=1)

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()


def rounded_afterwards() -> Any:
    """Whether noise leaves 8-bit values."""
    return option(False, "round to 1/255 afterwards (always clipped to [0, 1])")


@attrs.frozen(kw_only=True)
class GaussianNoiseOptions:
    """Gaussian noise with a standard deviation drawn per image."""

    image: ImageKey = damaged_entry()
    sigma: Range = range_option((1.0, 30.0), "standard deviation in gray levels of 255", ge=0)
    gray_probability: float = gray_noise_probability()
    quantize: bool = rounded_afterwards()

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()


@attrs.frozen(kw_only=True)
class PoissonNoiseOptions:
    """Poisson (shot) noise with a strength drawn per image."""

    image: ImageKey = damaged_entry()
    strength: Range = range_option((0.05, 3.0), "1: photon counts as the image has levels", ge=0)
    gray_probability: float = gray_noise_probability()
    quantize: bool = rounded_afterwards()

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()


@attrs.frozen(kw_only=True)
class JpegCompressionOptions:
    """JPEG compression and decompression."""

    channels = 3  # of the only images that it works on

    image: ImageKey = damaged_entry()
    quality: Range = range_option((30.0, 95.0), "JPEG quality, drawn per image", gt=0, le=100)
    luma_table: Literal["standard", "published"] = option(
        "standard", "published: transposed, as in the common differentiable JPEG code"
    )
    differentiable: bool = option(False, "smooth rounding that lets gradients through")

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()


@attrs.frozen(kw_only=True)
class SharpenOptions:
    """Unsharp masking with a soft threshold."""

    source: str = option("hr", "tensor of the batch to sharpen", entry=True)
    target: str = option("hr_sharpened", "where the result goes; may equal source")
    size: int = option(51, "taps of the Gaussian (published: radius 50)", ge=3, check=odd)
    weight: float = option(0.5, "amount of detail added", ge=0)
    threshold: float = option(10.0, "details below this many gray levels stay", ge=0)

    def entries(self) -> tuple[str, ...]:
        """What the transform makes."""
        return (self.target,)


@attrs.frozen(kw_only=True)
class PairPoolOptions:
    """Mix batches: hand out pairs of earlier batches so that one batch holds many degradations."""

    size: int = option(180, "pairs kept per process; a multiple of the batch size", ge=1)

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A pool that batches do not fill evenly."""
        batch = known_batch_size(experiment.train)
        if self.size % batch:
            nearest = max(1, round(self.size / batch)) * batch
            message = f"expected a multiple of train.batch_size = {batch}, found {self.size}"
            yield "size", f"{message}; the nearest is {nearest}"


@attrs.frozen(kw_only=True)
class FirstPassOptions:
    """First pass of blur, resize, noise and JPEG."""

    blur_probability: float = option(1.0, "how often the batch is blurred", ge=0, le=1)
    kernel: KernelOptions = option(factory=KernelOptions, help="blur kernels")
    resize_probabilities: tuple[float, float, float] = option(
        (0.2, 0.7, 0.1), "relative frequency of up, down, keep", ge=0, check=_probabilities
    )
    resize_up: Range = range_option((1.0, 1.5), "factors when enlarging", gt=0)
    resize_down: Range = range_option((0.15, 1.0), "factors when shrinking", gt=0)
    gaussian_probability: float = option(0.5, "Gaussian noise, else Poisson noise", ge=0, le=1)
    gaussian_sigma: Range = range_option((1.0, 30.0), "standard deviation in gray levels", ge=0)
    poisson_scale: Range = range_option((0.05, 3.0), "strength of Poisson noise", ge=0)
    gray_probability: float = option(0.4, "how often all channels get the same noise", ge=0, le=1)
    jpeg_quality: Range = range_option((30.0, 95.0), "JPEG quality per image", gt=0, le=100)


@attrs.frozen(kw_only=True)
class SecondPassOptions(FirstPassOptions):
    """Second pass; resize factors are relative to the size of the LR image."""

    blur_probability: float = option(0.8, "how often the batch is blurred", ge=0, le=1)
    kernel: SecondKernelOptions = option(factory=SecondKernelOptions, help="blur kernels")
    resize_probabilities: tuple[float, float, float] = option(
        (0.3, 0.4, 0.3), "relative frequency of up, down, keep", ge=0, check=_probabilities
    )
    resize_up: Range = range_option((1.0, 1.2), "factors when enlarging", gt=0)
    resize_down: Range = range_option((0.3, 1.0), "factors when shrinking", gt=0)
    gaussian_sigma: Range = range_option((1.0, 25.0), "standard deviation in gray levels", ge=0)
    poisson_scale: Range = range_option((0.05, 2.5), "strength of Poisson noise", ge=0)


@attrs.frozen(kw_only=True)
class SecondOrderDegradationOptions:
    """LR made from HR by two passes of blur, resize, noise and JPEG, and ringing."""

    channels = 3  # of the only images that it works on

    hr_crop: int = option(256, "side of the random HR crop afterwards; 0: no crop", ge=0)
    first: FirstPassOptions = option(factory=FirstPassOptions, help="first pass")
    second: SecondPassOptions = option(factory=SecondPassOptions, help="second pass")
    resize_modes: tuple[Literal["area", "bilinear", "bicubic"], ...] = option(
        ("area", "bilinear", "bicubic"),
        "interpolations to draw from",
        check=lambda value: "" if value else "expected at least one mode, found none",
    )
    sinc_probability: float = option(0.8, "how often the final filter is a sinc", ge=0, le=1)
    sinc_sizes: tuple[int, int] = option(
        (7, 21), "smallest and largest odd size of it", ge=1, check=_odd_ordered
    )
    sinc_cutoff: Range = range_option((math.pi / 3, math.pi), "its cutoff in radians", gt=0)
    degrade_sharpened: bool = option(True, "start from the sharpened HR image")
    sharpen_size: int = option(51, "taps of the sharpening Gaussian", ge=3, check=odd)
    sharpen_weight: float = option(0.5, "amount of detail added by sharpening", ge=0)
    sharpen_threshold: float = option(10.0, "details below this many gray levels stay", ge=0)
    luma_table: Literal["standard", "published"] = option(
        "published", "published: transposed, as the published programs have it"
    )

    def entries(self) -> tuple[str, ...]:
        """What the transform makes."""
        return ("lr", "hr", "hr_sharpened")

    @property
    def hr_patch_size(self) -> int | None:
        """Side of the HR images afterwards, if they are cropped."""
        return self.hr_crop or None

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Crops between LR pixels, or larger than the images."""
        scale, size = experiment.scale, self.hr_crop
        from srcore.data.sizes import scale_complaint  # it imports NumPy

        if complaint := scale_complaint(size, scale):
            yield "hr_crop", complaint
        train = experiment.data.train
        whole = crop_size(train.selected.options) if train else None
        if whole is not None and size > whole:
            yield "hr_crop", f"expected at most data.train.hr_patch_size = {whole}, found {size}"


def change_probability() -> Any:
    """How often an augmentation acts."""
    return option(0.5, "how often an image is changed", ge=0, le=1)


@attrs.frozen(kw_only=True)
class AugmentationOptions:
    """An augmentation of training batches."""

    probability: float = change_probability()

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Images that are measured must stay as they are."""
        for name, table in experiment.data.validation.items():
            if any(selected.options is self for selected in table.transforms):
                yield "type", f'changes what "{name}" measures; use it in data.train only'


@attrs.frozen(kw_only=True)
class MixingOptions(AugmentationOptions):
    """An augmentation that mixes images of a batch."""

    def remarks(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Batches in which no image has another one."""
        if experiment.train.batch_size == 1:
            yield "type", "mixes images of a batch; with train.batch_size = 1 there is no other one"


@attrs.frozen(kw_only=True)
class MixUpOptions(MixingOptions):
    """Every image is blended with another one of the batch (Zhang et al. 2018)."""

    alpha: float = option(1.2, "of Beta(alpha, alpha), by which shares are drawn", gt=0, le=1000)


def box_side() -> Any:
    """How large the boxes of a batch are."""
    return range_option((0.2, 0.8), "side of the box over that of the image", gt=0, le=1)


@attrs.frozen(kw_only=True)
class CutMixOptions(MixingOptions):
    """A box of every image is that of another one of the batch (Yun et al. 2019)."""

    side: Range = box_side()


@attrs.frozen(kw_only=True)
class ResizeMixOptions(MixingOptions):
    """Another image of the batch is shrunk and put into every image (Qin et al. 2020)."""

    side: Range = range_option((0.1, 0.8), "side of the shrunk image over its own", gt=0, le=1)


@attrs.frozen(kw_only=True)
class CutBlurOptions(AugmentationOptions):
    """A box of the low resolution, or all but it, has no damage (Yoo et al. 2020)."""

    side: Range = box_side()

    def remarks(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A low resolution that is a clean one already."""
        train = experiment.data.train
        if train is None or experiment.scale == 1 or len(train.transforms) > 1:
            return
        if getattr(train.selected.options, "downscale", "none") == "matlab":
            yield (
                "type",
                (
                    "lr is made by bicubic down-scaling alone, and so is the box: it changes "
                    "nothing; it is for noise and blur"
                ),
            )


@attrs.frozen(kw_only=True)
class ChannelShuffleOptions(AugmentationOptions):
    """Red, green and blue in another order, in all images of a pair alike (Yoo et al. 2020)."""


@attrs.frozen(kw_only=True)
class DownUpOptions:
    """Images shrunk and enlarged again (BSRGAN, Zhang et al. 2021)."""

    image: ImageKey = damaged_entry()
    probability: float = change_probability()
    factor: Range = range_option(
        (0.5, 1.0), "side of the small image over that of the image", gt=0, le=1
    )
    modes: tuple[Literal["area", "bilinear", "bicubic"], ...] = option(
        ("area", "bilinear", "bicubic"),
        "interpolations to draw from, for either way",
        check=lambda value: "" if value else "expected at least one mode, found none",
    )

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()
