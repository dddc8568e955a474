"""Options of the network: the TOML keys below ``[generator]``. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import attrs

from srcore.networks.options import image_channels, removed_mean
from srcore.options import odd, option
from srcore.transforms.bicubic_dialect import BicubicDialect

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: Mean of the DIV2K training images, RGB in [0, 1].
DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
RGB = 3


def scale_complaint(scale: int) -> str:
    """Why a DLSN cannot work at ``scale``; empty if it can."""
    if scale == 3 or (scale > 1 and scale & (scale - 1) == 0):
        return ""
    return f"dlsn works at scale 3 or a power of two; found scale = {scale}"


@attrs.frozen(kw_only=True)
class DLSNOptions:
    """DLSN (Su et al., TPAMI 2022, arXiv 2212.01057); the defaults are the published model."""

    num_features: int = option(
        256, "channels F of the trunk; a multiple of reduction", ge=1, le=4096
    )
    num_groups: int = option(10, "residual groups G, each with one attention", ge=1, le=1024)
    num_blocks: int = option(4, "local blocks of two convolutions per group", ge=0, le=1024)
    reduction: int = option(4, "queries and keys have F / reduction channels", ge=1, le=4096)
    chunk_size: int = option(128, "pixels T of an attention chunk; weights fix it", ge=1, le=65536)
    num_hashes: int = option(3, "rounds h of hashing", ge=1, le=64)
    res_scale: float = option(0.1, "factor of the groups' residuals", gt=0)
    img_range: float = option(1.0, "images are multiplied by it inside the network", gt=0)
    rgb_mean: tuple[float, float, float] = removed_mean()
    channels: Literal[1, 3, 4] = image_channels()
    hash_seed: int = option(0, "seed of the hash rotations in evaluation", ge=0)
    attention_backend: Literal["auto", "native", "torch"] = option(
        "auto",
        "native: the compiled kernel or an error; torch: PyTorch operations; auto: native where "
        "it is available (the log says which)",
    )

    chop_pixels: int = option(
        0,
        "in validation and use, cut images into overlapping tiles of fewer low-resolution pixels "
        "(published: 120000); 0: never",
        ge=0,
        inference=True,
    )

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Scales and widths that the network cannot have."""
        complaint = scale_complaint(experiment.scale)
        if complaint:
            yield "", complaint
        if self.num_features % self.reduction:
            yield (
                "num_features",
                f"expected a multiple of reduction = {self.reduction}, found {self.num_features}",
            )


@attrs.frozen(kw_only=True)
class BlurDownscaleOptions:
    """LR made from HR by a fixed Gaussian blur and bicubic down-scaling (BD)."""

    size: int = option(7, "taps of the blur in pixels", ge=1, le=255, check=odd)
    sigma: float = option(1.6, "standard deviation of the blur in pixels", gt=0)
    dialect: BicubicDialect = option("matlab", "bicubic dialect of the down-scaling")
    quantize: bool = option(True, "round to 1/255, as an image file would")

    def entries(self) -> tuple[str, ...]:
        """What the transform makes."""
        return ("lr",)
