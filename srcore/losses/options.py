"""TOML keys of the loss terms; every ``[[losses]]`` table also has ``type`` and ``weight``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import attrs

from srcore.messages import shown
from srcore.options.declaration import option
from srcore.weights.pretrained import Pretrained, check_file, hub_file


def _layers(layers: dict[str, float]) -> str:
    """Complaint about layer names that VGG19 does not have."""
    if not layers:
        return "expected at least one layer, found none"
    known = r"(conv|relu)([12]_[12]|[345]_[1-4])|pool[1-5]"
    wrong = [name for name in layers if not re.fullmatch(known, name)]
    if not wrong:
        return ""
    return (
        f"expected names of VGG19 layers (conv1_1 to conv5_4, relu1_1 to relu5_4, pool1 to pool5), "
        f"found {', '.join(map(shown, wrong))}"
    )


def vgg19_weights() -> tuple[Pretrained, ...]:
    """The file that torchvision's VGG19 downloads."""
    fetch, file = "srcore.networks.vgg_features:imagenet_file", hub_file("vgg19-dcbb9e9d.pth")
    return (Pretrained("VGG19's ImageNet weights (575 MB)", fetch, file),)


@attrs.frozen(kw_only=True)
class PixelOptions:
    """A difference of pixel values."""

    target: str = option(
        "hr", 'batch entry to compare with, such as "hr" or "hr_sharpened"', entry=True
    )
    reduction: Literal["mean", "sum"] = option(
        "mean", "over all elements; with a weight map the mean is sum(w l) / sum(w)"
    )
    weight_map: str | None = option(
        None,
        "batch entry with one weight per element, of 1 or all channels; none: no weights",
        entry=True,
    )


@attrs.frozen(kw_only=True)
class CharbonnierOptions(PixelOptions):
    """sqrt(d^2 + eps)."""

    eps: float = option(1e-12, "added to the squared difference as it is (BasicSR)", gt=0)


def _odd(value: int) -> str:
    return "" if value % 2 else f"expected an odd size, found {value}"


@attrs.frozen(kw_only=True)
class ComparisonOptions:
    """A comparison with an image of the same size."""

    target: str = option(
        "hr", 'batch entry to compare with, such as "hr" or "hr_sharpened"', entry=True
    )

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return 1

    def problems(self, experiment: Any) -> Iterator[tuple[str, str]]:
        """Training images that are too small."""
        from srcore.data.sizes import patch_complaint  # it imports NumPy

        least = self.least_side
        complaint = patch_complaint(experiment, lambda side: side >= least, f"{least} or more")
        if complaint:
            yield "type", f"{complaint}{self._otherwise(experiment)}"

    def _otherwise(self, experiment: Any) -> str:
        """What else could be changed than the size of the images, as the end of a sentence."""
        return ""


@attrs.frozen(kw_only=True)
class SSIMLossOptions(ComparisonOptions):
    """1 - SSIM (Wang et al. 2004)."""

    window_size: int = option(11, "odd side of the Gaussian window in pixels", ge=3, check=_odd)
    sigma: float = option(1.5, "standard deviation of the window in pixels", gt=0)

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return self.window_size


@attrs.frozen(kw_only=True)
class MSSSIMLossOptions(SSIMLossOptions):
    """1 - MS-SSIM (Wang et al. 2003)."""

    scales: int = option(
        5,
        "how many, each half as large; below 5 the first exponents, scaled to the sum of all",
        ge=1,
        le=5,
    )

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        least: int = (self.window_size - 1) * 2 ** (self.scales - 1) + 1
        return least

    def _otherwise(self, experiment: Any) -> str:
        side = experiment.hr_patch_size or 0
        fitting = (it for it in range(4, 0, -1) if (self.window_size - 1) * 2 ** (it - 1) < side)
        fewer = next(fitting, None)
        return f", or scales = {fewer}" if fewer else ""


@attrs.frozen(kw_only=True)
class FrequencyOptions(ComparisonOptions):
    """A distance of Fourier transforms."""

    parts: Literal["complex", "amplitude_phase"] = option(
        "complex", "compare real and imaginary parts (MIMO-UNet), or amplitudes and phases (Fuoli)"
    )
    amplitude: float = option(0.5, 'weight of amplitudes, of "amplitude_phase"', ge=0)
    phase: float = option(0.5, 'weight of phases in radians, of "amplitude_phase"', ge=0)
    norm: Literal["ortho", "backward"] = option(
        "ortho", "divide by sqrt(H W), so that crops of any size count the same; backward: do not"
    )


@attrs.frozen(kw_only=True)
class FocalFrequencyOptions(ComparisonOptions):
    """A squared distance of Fourier transforms, weighted by itself (Jiang et al. 2021)."""

    alpha: float = option(1.0, "exponent of the weight; 0: all frequencies count the same", ge=0)
    patch_factor: int = option(
        1, "cut images into that many pieces per side, each with a spectrum of its own", ge=1
    )

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return self.patch_factor

    def problems(self, experiment: Any) -> Iterator[tuple[str, str]]:
        """Training images that cannot be cut so."""
        from srcore.data.sizes import patch_complaint  # it imports NumPy

        count = self.patch_factor
        complaint = patch_complaint(
            experiment, lambda side: side % count == 0, f"a multiple of {count}"
        )
        if complaint:
            yield "patch_factor", complaint


@attrs.frozen(kw_only=True)
class GradientOptions(ComparisonOptions):
    """A difference of slopes."""

    operator: Literal["sobel", "central"] = option(
        "sobel", "3x3 smoothed across, or plain differences of both neighbors (SPSR)"
    )
    magnitude: bool = option(False, "compare lengths of slopes (SPSR) instead of both slopes")

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return 3


@attrs.frozen(kw_only=True)
class TotalVariationOptions:
    """How much neighbors in the generator's output differ."""

    variation: Literal["anisotropic", "isotropic", "squared"] = option(
        "anisotropic", "absolute differences, lengths of slopes, or squared differences"
    )


@attrs.frozen(kw_only=True)
class ConsistencyOptions:
    """The downscaled output against the low-resolution image."""

    target: str = option("lr", "batch entry with the low-resolution images", entry=True)
    downscale: Literal["matlab", "opencv", "area"] = option(
        "matlab", "bicubic with or without antialiasing, or means of squares of pixels"
    )
    criterion: Literal["l1", "mse"] = option("l1", "mean absolute or squared difference")


@attrs.frozen(kw_only=True)
class PerceptualOptions:
    """A difference of VGG19 feature maps, or of their Gram matrices."""

    channels = 3  # of the only images that it works on

    layers: dict[str, float] = option(
        factory=lambda: {"conv5_4": 1.0},
        help="weight per layer: conv1_1 to conv5_4 (before the ReLU), relu1_1 ..., pool1 ...",
        check=_layers,
    )
    criterion: Literal["l1", "mse", "fro"] = option(
        "l1", "mean absolute or squared difference, or Frobenius norm over the batch"
    )
    target: str = option(
        "hr", 'batch entry to compare with, such as "hr" or "hr_sharpened"', entry=True
    )
    weights: Literal["imagenet", "file", "random"] = option(
        "imagenet", "torchvision's weights (downloaded once), those of file, or random for tests"
    )
    file: Path | None = option(None, 'VGG19 weights for weights = "file"', path="file")
    use_input_norm: bool = option(True, "normalize with ImageNet's mean and deviation")
    range_norm: bool = option(False, "images are in [-1, 1]: map them to [0, 1] first")

    def __attrs_post_init__(self) -> None:
        """Check what concerns two keys."""
        check_file(self.weights, self.file)

    def pretrained(self) -> tuple[Pretrained, ...]:
        """VGG19, unless a file of one's own is named."""
        return vgg19_weights() if self.weights == "imagenet" else ()


@attrs.frozen(kw_only=True)
class AdversarialOptions:
    """The loss of a generator against a discriminator, and the discriminator's own."""

    mode: Literal["vanilla", "lsgan", "wgan", "wgan_softplus", "hinge"] = option(
        "vanilla", "criterion on logits; labels apply to vanilla and lsgan"
    )
    relativistic: Literal["none", "average", "paired"] = option(
        "none", "compare with the mean logit of the other class, or with the image's own partner"
    )
    detach_means: bool = option(
        True,
        "average only: means are constants and D(fake) is computed anew (ESRGAN, BasicSR); "
        "false: one discriminator term with gradient through the means (ESRDGAN)",
    )
    discriminator_order: Literal["real_first", "fake_first"] = option(
        "real_first", "which images the discriminator sees first in its own step"
    )
    real: str = option("hr", "batch entry with the real images", entry=True)

    @property
    def sees_batch(self) -> str:
        """What the images of a batch act on one another by."""
        return "relativistic averages" if self.relativistic == "average" else ""


@attrs.frozen(kw_only=True)
class R1Options:
    """Penalty on the discriminator's gradient at real images."""

    real: str = option("hr", "batch entry with the real images", entry=True)


@attrs.frozen(kw_only=True)
class GradientPenaltyOptions(R1Options):
    """Penalty on the discriminator's gradient between real and generated images."""

    norm: Literal["sample", "channel"] = option(
        "sample", "gradient norm over the whole sample (WGAN-GP), or per pixel (BasicSR)"
    )


@attrs.frozen(kw_only=True)
class ConstantLabelOptions:
    """Fixed target values."""

    real: float = option(1.0, "target of real images")
    fake: float = option(0.0, "target of generated images")
