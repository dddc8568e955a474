"""Settings of preparations, which commands have as flags."""

from __future__ import annotations

import os

import attrs

from srcore.files.names import name_complaint
from srcore.messages import shown
from srcore.options import option
from srcore.transforms.bicubic_dialect import BicubicDialect


@attrs.frozen(kw_only=True)
class SubImageOptions:
    """Where sub-images lie in an image."""

    crop: int = option(480, "side, HR pixels", ge=1)
    step: int = option(240, "distance, HR pixels", ge=1)
    threshold: int = option(0, "largest rest at the far edge that is left out, HR pixels", ge=0)
    scale: int = option(
        1, "FOLDER holds LR images of this scale: crop, step and threshold are divided by it", ge=1
    )


@attrs.frozen(kw_only=True)
class OfflineDegradationOptions:
    """Blur, shrink, noise, JPEG, in this order; what is None is left out."""

    scale: int = option(help="factor of the sides; the image is cut to a multiple of it", ge=1)
    dialect: BicubicDialect = option("matlab", "bicubic dialect")
    blur: float | None = option(
        None, "sigma of a Gaussian, HR pixels; the border is mirrored", gt=0
    )
    noise: float | None = option(None, "sigma of Gaussian noise, gray levels of 255", ge=0)
    jpeg: int | None = option(
        None, "quality of a JPEG compression; 8-bit images only", ge=1, le=100
    )
    seed: int = option(0, "start of the noise, which depends on the name of the image too", ge=0)


def _stem_complaint(name: str) -> str:
    if name.count("{}") != 1:
        return f"expected one {{}} for the stem, found {shown(name)}"
    return name_complaint(name.replace("{}", "stem"))


@attrs.frozen(kw_only=True)
class CopyOptions:
    """How degraded copies are called."""

    name: str = option("{}", "name of the copies; {} is the stem, e.g. {}x4", check=_stem_complaint)


@attrs.frozen(kw_only=True)
class WorkOptions:
    """How the work on many images is shared."""

    workers: int = option(
        factory=lambda: min(8, os.cpu_count() or 1),
        help="processes (default: as many as cores, at most 8)",
        ge=1,
        le=1024,
    )


@attrs.frozen(kw_only=True)
class PreviewOptions:
    """Which images of a training are drawn."""

    images: int = option(8, "how many", ge=1, le=1000)
    iteration: int = option(1, "iteration to begin with", ge=1)


@attrs.frozen(kw_only=True)
class ShardOptions:
    """How images are shared out to shards."""

    shard_size: float = option(1000.0, "largest size of a shard, MB (of 10^6 bytes)", gt=0)
    lr_name: str = option(
        "{}", "name of the partner without suffix; {} is the stem, e.g. {}x4", check=_stem_complaint
    )
