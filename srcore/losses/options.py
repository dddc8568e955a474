"""TOML keys of the loss terms; every ``[[losses]]`` table also has ``type`` and ``weight``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

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
    use_input_norm: bool = option(True, "normalise with ImageNet's mean and deviation")
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
