"""TOML keys of the loss terms; every ``[[losses]]`` table also has ``type`` and ``weight``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class PixelOptions:
    """A difference of pixel values."""

    target: str = option("hr", 'batch entry to compare with, such as "hr" or "hr_sharpened"')
    reduction: Literal["mean", "sum"] = option(
        "mean", "over all elements; with a weight map the mean is sum(w l) / sum(w)"
    )
    weight_map: str | None = option(
        None, "batch entry with one weight per element, of 1 or all channels; none: no weights"
    )


@attrs.frozen(kw_only=True)
class CharbonnierOptions(PixelOptions):
    """sqrt(d^2 + eps)."""

    eps: float = option(1e-12, "added to the squared difference as it is (BasicSR)", gt=0)


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
    real: str = option("hr", "batch entry with the real images")


@attrs.frozen(kw_only=True)
class R1Options:
    """Penalty on the discriminator's gradient at real images."""

    real: str = option("hr", "batch entry with the real images")


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
