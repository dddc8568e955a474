"""TOML keys of image quality measures; every ``[[metrics]]`` table also has ``crop_border``."""

from __future__ import annotations

from typing import Literal

import attrs

from srcore.machine.device_names import device_complaint
from srcore.metrics.own_weights import DISTSWeights, LPIPSWeights
from srcore.networks.classifier_options import OwnWeights
from srcore.options import option
from srcore.weights.pretrained import (
    Pretrained,
    hub_file,
)

#: Side of a block of NIQE, and of the window of SSIM, in pixels.
NIQE_BLOCK, SSIM_WINDOW = 96, 11
#: Side of which four halvings, rounded up, leave a window of MS-SSIM.
MS_SSIM_LEAST = (SSIM_WINDOW - 1) * 2**4 + 1
#: Sides that AlexNet and VGG16 (without its last pooling) leave a pixel of.
ALEXNET_LEAST, VGG16_LEAST = 31, 16


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
class MSSSIMOptions(ReferenceMetricOptions):
    """Structural similarity at five scales."""

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        return _too_small(height, width, crop_border, MS_SSIM_LEAST)


@attrs.frozen(kw_only=True)
class PSNRBOptions(ReferenceMetricOptions):
    """Peak signal-to-noise ratio that counts the edges of blocks; whole images by default."""

    block: int = option(8, "side of a block in pixels; of an enlarged JPEG 8 times the scale", ge=2)

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        return _too_small(height, width, crop_border, 1)


@attrs.frozen(kw_only=True)
class ChallengePSNROptions:
    """PSNR of RGB without 4 pixels of border, as the efficiency challenges (NTIRE ESR) measure."""

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        return _too_small(height, width, crop_border, 1)


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
class BRISQUEOptions(LearnedMetricOptions):
    """Blind quality by statistics of natural images, with the authors' support vectors."""

    def pretrained(self) -> tuple[Pretrained, ...]:
        """The file that piq downloads."""
        file = hub_file("brisque_svm_weights.pt")
        address = "github.com/photosynthesis-team/piq/releases/download/v0.4.0"
        return (Pretrained(f"BRISQUE's support vectors ({address}/{file.name})", file=file),)


@attrs.frozen(kw_only=True)
class FeatureMetricOptions(OwnWeights, LearnedMetricOptions):
    """A measure by the features of a classifier, whose weights can be a file of one's own."""


@attrs.frozen(kw_only=True)
class LPIPSOptions(LPIPSWeights, FeatureMetricOptions):
    """Learned perceptual distance."""

    network: Literal["vgg", "alex"] = option(
        "vgg", "features of VGG16, or of AlexNet, which papers report: other numbers"
    )

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        least = VGG16_LEAST if self.network == "vgg" else ALEXNET_LEAST
        return _too_small(height, width, crop_border, least)


@attrs.frozen(kw_only=True)
class DISTSOptions(DISTSWeights, FeatureMetricOptions):
    """Structure and texture similarity."""

    resize: bool = option(
        True, "shrink images whose smaller side is above 256 pixels to it, as piq does"
    )

    def unmeasurable(self, height: int, width: int, crop_border: int) -> str:
        """Why an image of that size has no value, or an empty string."""
        return _too_small(height, width, crop_border, VGG16_LEAST)
