"""TOML keys of the loss terms; every ``[[losses]]`` table also has ``type`` and ``weight``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.messages import shown
from srcore.metrics.options import ALEXNET_LEAST, VGG16_LEAST
from srcore.metrics.own_weights import DISTSWeights, LPIPSWeights
from srcore.networks.classifier_options import ClassifierInput, OwnWeights
from srcore.networks.vgg_layers import VGG_BLOCKS, layers_in_words, least_side_for, vgg_layers
from srcore.options.checks import odd
from srcore.options.declaration import InvalidOptionError, option
from srcore.weights.pretrained import Pretrained, vgg16_weights, vgg19_weights

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: Side that a classifier is tried with where crops have no size that is known.
_USUAL_SIDE = 256


def _any_layers(layers: dict[str, float]) -> str:
    return "" if layers else "expected at least one layer, found none"


def compared_entry() -> Any:
    """The entry of the batch that a loss compares with."""
    return option("hr", 'batch entry to compare with, such as "hr" or "hr_sharpened"', entry=True)


@attrs.frozen(kw_only=True)
class ComparisonOptions:
    """A comparison with an image of the same size."""

    target: str = compared_entry()

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return 1

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Training images that are too small."""
        from srcore.data.sizes import patch_complaint  # it imports NumPy

        least = self.least_side
        if least == 1:
            return
        complaint = patch_complaint(
            experiment, lambda side: side >= least, f"{least} or more", of_output=True
        )
        if complaint:
            yield "type", f"{complaint}{self._otherwise(experiment)}"

    def _otherwise(self, experiment: Experiment) -> str:
        """What else could be changed than the size of the images, as the end of a sentence."""
        return ""


@attrs.frozen(kw_only=True)
class PixelOptions(ComparisonOptions):
    """A difference of pixel values."""

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


@attrs.frozen(kw_only=True)
class SSIMLossOptions(ComparisonOptions):
    """1 - SSIM (Wang et al. 2004)."""

    window_size: int = option(11, "odd side of the Gaussian window in pixels", ge=3, check=odd)
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

    def _otherwise(self, experiment: Experiment) -> str:
        from srcore.data.sizes import output_divisor  # it imports NumPy

        side = (experiment.hr_patch_size or 0) // output_divisor(experiment)
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

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Training images that cannot be cut so."""
        from srcore.data.sizes import patch_complaint  # it imports NumPy

        count = self.patch_factor
        complaint = patch_complaint(
            experiment, lambda side: side % count == 0, f"a multiple of {count}", of_output=True
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

    least_side = 3


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
class ClassifierOptions(OwnWeights, ComparisonOptions):
    """A comparison by a frozen classifier."""

    channels = 3  # of the only images that it works on


@attrs.frozen(kw_only=True)
class FeatureOptions(ClassifierInput, ClassifierOptions):
    """Feature maps of a frozen classifier."""

    network: str = option(
        "vgg19", '"vgg16", "vgg19", or any classifier of torchvision by name, such as "resnet50"'
    )
    layers: dict[str, float] = option(
        factory=lambda: {"conv5_4": 1.0},
        help="weight per layer: of VGG conv1_1 to conv5_4 (before the ReLU), relu1_1 ..., pool1 "
        "...; of others names of modules, such as layer3",
        check=_any_layers,
    )

    def __attrs_post_init__(self) -> None:
        """Check what concerns several keys."""
        super().__attrs_post_init__()
        known = vgg_layers(self.network) if self.is_vgg else tuple(self.layers)
        wrong = [name for name in self.layers if name not in known]
        if wrong:
            names = f"{self.network.upper()} layers ({layers_in_words(self.network)})"
            listed = ", ".join(map(shown, wrong))
            raise InvalidOptionError("layers", f"expected names of {names}, found {listed}")

    @property
    def is_vgg(self) -> bool:
        """Whether layers have names of their own here."""
        return self.network in VGG_BLOCKS

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have; of other networks than VGG unknown."""
        return least_side_for(self.network, tuple(self.layers)) if self.is_vgg else 1

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Training images that are too small; classifiers and modules that do not exist."""
        if self.is_vgg:
            yield from super().problems(experiment)
            return
        from srcore.data.sizes import output_divisor  # it imports NumPy
        from srcore.networks.classifier_features import layer_complaint, name_complaint  # torch

        side = (experiment.hr_patch_size or _USUAL_SIDE) // output_divisor(experiment)
        if complaint := name_complaint(self.network):
            yield "network", complaint
        elif complaint := layer_complaint(self.network, tuple(self.layers), side):
            yield "layers", complaint

    def features(self) -> Any:
        """The classifier."""
        from srcore.networks.feature_network import feature_network  # torch

        return feature_network(
            self.network, self.layers, self.source, self.use_input_norm, self.range_norm
        )

    def pretrained(self) -> tuple[Pretrained, ...]:
        """The network, unless a file of one's own is named."""
        if self.weights != "imagenet":
            return ()
        known = {"vgg16": vgg16_weights(), "vgg19": vgg19_weights()}
        return known.get(self.network, (Pretrained(f"{self.network}'s ImageNet weights"),))


@attrs.frozen(kw_only=True)
class PerceptualOptions(FeatureOptions):
    """A difference of feature maps of VGG19 or another classifier."""

    criterion: Literal["l1", "mse", "fro"] = option(
        "l1", "mean absolute or squared difference, or Frobenius norm over the batch"
    )


def vgg_network() -> Any:
    """Which VGG sees the images."""
    return option("vgg19", "whose feature maps")


@attrs.frozen(kw_only=True)
class StyleOptions(PerceptualOptions):
    """A difference of Gram matrices of feature maps of VGG19 or VGG16."""

    network: Literal["vgg16", "vgg19"] = vgg_network()


@attrs.frozen(kw_only=True)
class ContextualOptions(FeatureOptions):
    """Whether every feature of the target has one that is like it (Mechrez et al. 2018)."""

    network: Literal["vgg16", "vgg19"] = vgg_network()
    layers: dict[str, float] = option(
        factory=lambda: {"conv3_4": 1.0},
        help="weight per layer: conv1_1 to conv5_4 (before the ReLU), relu1_1 ..., pool1 ...",
        check=_any_layers,
    )
    bandwidth: float = option(
        0.5, "h: the smaller, the more the nearest feature alone counts", gt=0, le=100
    )
    max_positions: int = option(
        1024, "of a map; of more as many are drawn: memory grows with the square", ge=2, le=65536
    )


@attrs.frozen(kw_only=True)
class LPIPSLossOptions(LPIPSWeights, ClassifierOptions):
    """Learned perceptual distance (Zhang et al. 2018)."""

    network: Literal["vgg", "alex"] = option(
        "vgg", "features of VGG16, for optimization, or of AlexNet, which papers measure with"
    )

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return VGG16_LEAST if self.network == "vgg" else ALEXNET_LEAST


@attrs.frozen(kw_only=True)
class DISTSLossOptions(DISTSWeights, ClassifierOptions):
    """Structure and texture of VGG16's maps (Ding et al. 2020)."""

    least_side = VGG16_LEAST


@attrs.frozen(kw_only=True)
class ColorOptions(ComparisonOptions):
    """Brightness and color apart."""

    channels = 3  # of the only images that it works on

    space: Literal["ycbcr", "hsluv"] = option(
        "ycbcr", "BT.601 in full range, or HSLuv with hue and saturation as a point of a disc"
    )
    luma: float = option(1.0, "weight of brightness in [0, 1]", ge=0)
    chroma: float = option(1.0, "weight of the two coordinates of color", ge=0)
    pool: int = option(1, "compare means of squares of that many pixels per side", ge=1)

    @property
    def least_side(self) -> int:
        """Pixels that both sides of the images must have."""
        return self.pool


def real_entry() -> Any:
    """The entry of the batch that is real."""
    return option("hr", "batch entry with the real images", entry=True)


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
    real: str = real_entry()

    @property
    def sees_batch(self) -> str:
        """What the images of a batch act on one another by."""
        return "relativistic averages" if self.relativistic == "average" else ""


@attrs.frozen(kw_only=True)
class R1Options:
    """Penalty on the discriminator's gradient at real images."""

    real: str = real_entry()


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
