"""TOML keys of image quality measures; every ``[[metrics]]`` table also has ``crop_border``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from srcore.machine.device_names import device_complaint
from srcore.options import option
from srcore.options.declaration import InvalidOptionError
from srcore.weights.pretrained import Pretrained, check_file, hub_file

#: Side of a block of NIQE, and of the window of SSIM, in pixels.
NIQE_BLOCK, SSIM_WINDOW = 96, 11
#: Side that AlexNet leaves a pixel of.
ALEXNET_LEAST = 31


@attrs.frozen(kw_only=True)
class ReferenceMetricOptions:
    """PSNR and SSIM by the protocol of the field's tables."""

    y_channel: bool = option(True, "on BT.601 Y in studio range; false: on RGB")


@attrs.frozen(kw_only=True)
class PSNROptions(ReferenceMetricOptions):
    """Peak signal-to-noise ratio."""

    luma: Literal["matlab", "edsr"] = option(
        "matlab", "weights of Y: MATLAB's and BasicSR's, or those of EDSR's program"
    )

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        return _too_small(height, width, crop_border, 1)


@attrs.frozen(kw_only=True)
class SSIMOptions(ReferenceMetricOptions):
    """Structural similarity."""

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        return _too_small(height, width, crop_border, SSIM_WINDOW)


@attrs.frozen(kw_only=True)
class NIQEOptions:
    """Natural image quality evaluator."""

    halving: Literal["matlab", "bilinear"] = option(
        "matlab",
        "second scale by MATLAB's bicubic of rounded Y; bilinear: as earlier versions of BasicSR",
    )

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        rows, columns = ((side - 2 * crop_border) // NIQE_BLOCK for side in (height, width))
        if rows > 0 and columns > 0 and rows * columns > 1:
            return ""
        block = f"{NIQE_BLOCK}x{NIQE_BLOCK}"
        return f"expected two blocks of {block} pixels inside a border of {crop_border}"


def _too_small(height: int, width: int, crop_border: int, least: int) -> str:
    if min(height, width) - 2 * crop_border >= least:
        return ""
    return f"expected at least {least} pixels per side inside a border of {crop_border}"


@attrs.frozen(kw_only=True)
class LearnedMetricOptions:
    """Measures by pretrained networks."""

    device: str = option("cpu", "where the network runs", check=device_complaint)

    def pretrained(self) -> tuple[Pretrained, ...]:
        """Networks that piq and torchvision download."""
        return (Pretrained("weights"),)


@attrs.frozen(kw_only=True)
class LPIPSOptions(LearnedMetricOptions):
    """Learned perceptual distance."""

    network: Literal["vgg", "alex"] = option(
        "vgg", "features of VGG16, by piq, or of AlexNet, which papers report: other numbers"
    )
    weights: Literal["imagenet", "file", "random"] = option(
        "imagenet",
        "AlexNet's: torchvision's (downloaded once), those of file, or random for tests",
    )
    file: Path | None = option(None, 'AlexNet weights for weights = "file"', path="file")

    def __attrs_post_init__(self) -> None:
        """Check what concerns several keys."""
        if self.network != "alex" and self.weights != "imagenet":
            raise InvalidOptionError(
                "weights", f'of network = "alex" only, found network = "{self.network}"'
            )
        check_file(self.weights, self.file)

    def pretrained(self) -> tuple[Pretrained, ...]:
        """AlexNet, or what piq downloads; a file of one's own is there."""
        if self.network == "vgg":
            return super().pretrained()
        if self.weights != "imagenet":
            return ()
        fetch, file = "srcore.metrics.lpips_alex:alexnet_file", hub_file("alexnet-owt-7be5be79.pth")
        return (Pretrained("AlexNet's ImageNet weights (244 MB)", fetch, file),)

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        if self.network == "vgg":
            return ""
        return _too_small(height, width, crop_border, ALEXNET_LEAST)
