"""TOML keys of everything this plugin brings; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.capabilities import option_capability
from srcore.contracts import Role
from srcore.data.sizes import patch_complaint
from srcore.losses.options import PerceptualOptions
from srcore.methods.options import GanOptions
from srcore.networks.classifier_options import classifier_weights
from srcore.options import NoOptions, odd, option
from srcore.options.shared_keys import recursive_search
from srcore.weights.pretrained import Pretrained, vgg19_weights

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]

SCALES = (2, 4)
#: The feature head halves the low-resolution image four times.
FEATURE_HEAD_MULTIPLE = 16


@attrs.frozen(kw_only=True)
class DownsamplerOptions:
    """Down-sampling network (DSN): a clean image -> mean and log-scales of its degraded versions.

    It runs from high to low resolution: it is trained by method ``usrdu_dsn`` and used by task
    ``usrdu_generate`` and transform ``laplace_sampling``.
    """

    num_features: int = option(64, "channels; the feature head has up to 8 times", ge=1, le=4096)
    num_blocks: int = option(8, "residual blocks at high resolution", ge=1, le=1024)
    scale_head: bool = option(True, "predict the log-scale v of every pixel; b = exp(v)")
    feature_head: bool = option(True, "predict the log-scale q of VGG19's conv5_4 features")
    feature_channels: int = option(512, "channels of q: those of the VGG19 layer", ge=1, le=4096)

    def problems(self, experiment: Experiment) -> Problems:
        """Other scales than 2 and 4, and patches of which the feature head would leave nothing."""
        if experiment.scale not in SCALES:
            yield "", f"usrdu_dsn knows scales 2 and 4, found scale = {experiment.scale}"
        smallest = FEATURE_HEAD_MULTIPLE * experiment.scale
        wanted = f"at least {FEATURE_HEAD_MULTIPLE} * scale = {smallest}"
        if not self.feature_head:
            return
        complaint = patch_complaint(experiment, lambda side: side >= smallest, wanted)
        if complaint:
            yield (
                "feature_head",
                f'{complaint}; or set it to false and leave out [[losses]] "usrdu_feature"',
            )


@attrs.frozen(kw_only=True)
class UsrduDsnOptions(GanOptions):
    """Train a down-sampling network on unpaired images; keys as of method "gan"."""

    order: Literal["generator_first", "discriminator_first"] = option(
        "discriminator_first", "who is updated first; both use the same generated images"
    )

    def roles(self) -> dict[str, Role]:
        """The generator makes small images of large ones."""
        roles = super().roles()
        return {**roles, "generator": attrs.evolve(roles["generator"], needs=("shrinks",))}

    def problems(self, experiment: Experiment) -> Problems:
        """Another network, losses that do not fit its heads."""
        if experiment.generator is None:
            return
        network = experiment.generator.selected
        if network.type != "usrdu_dsn":
            yield "type", f'trains generator.type = "usrdu_dsn", found "{network.type}"'
            return
        yield from self._head_problems(network.options, experiment)

    def _head_problems(self, network: DownsamplerOptions, experiment: Experiment) -> Problems:
        """A head that no loss trains would hold noise; a loss without its head has nothing."""
        losses = {loss.selected.type for loss in experiment.losses}
        for head, loss in (("scale_head", "usrdu_data"), ("feature_head", "usrdu_feature")):
            if getattr(network, head) and loss not in losses:
                yield (
                    "",
                    f'nothing trains generator.{head}: add [[losses]] type = "{loss}", or set '
                    f"generator.{head} = false",
                )
        if not network.feature_head and "usrdu_feature" in losses:
            yield "", '[[losses]] "usrdu_feature" needs generator.feature_head = true'


def reference_entry() -> Any:
    """The entry of the batch with true low-resolution images."""
    return option(
        "lr_reference", "batch entry with the reference low-resolution images", entry=True
    )


@attrs.frozen(kw_only=True)
class DataLossOptions:
    """KL divergence of Laplace(mean, exp(v)) from Laplace(reference, 1), in gray levels."""

    kernel_size: int = option(5, "taps of the low-pass of the first term", ge=1, le=255, check=odd)
    target: str = reference_entry()


@attrs.frozen(kw_only=True)
class FeatureLossOptions:
    """The same divergence between VGG19 features of the mean and of the reference."""

    channels = 3  # of the only images that it works on

    layer: str = option("conv5_4", "VGG19 layer that feature_head predicts the log-scale of")
    target: str = reference_entry()
    weights: Literal["imagenet", "file", "random"] = classifier_weights()
    file: Path | None = option(None, 'VGG19 weights for weights = "file"', path="file")

    def __attrs_post_init__(self) -> None:
        """Check layer and file as the perceptual loss does."""
        self._perceptual()

    def unfit_weights(self, experiment: Experiment) -> Problems:
        """A file that holds no VGG19."""
        yield from self._perceptual().unfit_weights(experiment)

    def _perceptual(self) -> PerceptualOptions:
        return PerceptualOptions(layers={self.layer: 1.0}, weights=self.weights, file=self.file)

    def pretrained(self) -> tuple[Pretrained, ...]:
        """VGG19, unless a file of one's own is named."""
        return vgg19_weights() if self.weights == "imagenet" else ()


def filter_border() -> Any:
    """What a filter sees beyond the edge."""
    return option("zero", "beyond the edge; published: zero")


@attrs.frozen(kw_only=True)
class GaussianL1Options:
    """Mean absolute difference of low frequencies."""

    kernel_size: int = option(
        9, "taps of the Gaussian, its sigma is a sixth of it", ge=1, le=255, check=odd
    )
    border: Literal["zero", "reflect"] = filter_border()
    target: str = option("hr", "batch entry to compare with", entry=True)


@attrs.frozen(kw_only=True)
class HighPassOptions:
    """Show the discriminator high frequencies only: 0.5 + 0.5 (x - low-pass of x)."""

    kernel_size: int = option(
        5, "taps of the Gaussian, its sigma is a sixth of it", ge=1, le=255, check=odd
    )
    border: Literal["zero", "reflect"] = filter_border()


@attrs.frozen(kw_only=True)
class ReferenceOptions:
    """Add ``lr_reference``: the down-scaled ``hr`` that the DSN's mean is compared with."""

    kernels: Path | None = option(
        None,
        "folder of blur kernels (*_kernel_x<scale>.npy or .mat), one drawn per image; "
        "none: MATLAB's bicubic",
        path="folder",
    )

    def entries(self) -> tuple[str, ...]:
        """What the transform makes."""
        return ("lr_reference",)

    def problems(self, experiment: Experiment) -> Problems:
        """A folder without kernels."""
        if self.kernels is not None and self.kernels.is_dir():
            from srcore.errors import DataError
            from srplug_usrdu.kernels import list_kernels

            try:
                list_kernels(self.kernels, experiment.scale)
            except DataError as error:
                yield "kernels", str(error)


def dsn_weights() -> Any:
    """The trained degradation."""
    return option(
        help='weights of the DSN: "stage:<name>/generator.safetensors", or a published file',
        path="file",
    )


@attrs.frozen(kw_only=True)
class LaplaceSamplingOptions:
    """Add Laplace noise to ``lr`` whose scale a frozen DSN tells from ``hr``."""

    channels = 3  # of the only images that it works on

    weights: Path = dsn_weights()
    strength: float = option(1.0, "factor of the noise; 0: none", ge=0)

    def entries(self) -> tuple[str, ...]:
        """It makes nothing that was not there."""
        return ()

    def problems(self, experiment: Experiment) -> Problems:
        """Scales that no DSN has."""
        if experiment.scale not in SCALES:
            yield "", f"laplace_sampling knows scales 2 and 4, found scale = {experiment.scale}"

    def unfit_weights(self, experiment: Experiment) -> Problems:
        """A file that holds no DSN of the scale."""
        yield from _no_dsn(self.weights, experiment.scale)


@attrs.frozen(kw_only=True)
class SwapOptions(NoOptions):
    """Exchange ``lr`` and ``hr``, to validate a DSN on pairs."""

    def entries(self) -> tuple[str, ...]:
        """What the transform makes."""
        return ("lr", "hr")


@attrs.frozen(kw_only=True)
class GenerateOptions:
    """Write a low-resolution partner of every high-resolution image, into the folder ``lr``."""

    hr: Path | None = option(
        None, "folder of high-resolution images; none: data.train.hr", path="folder"
    )
    weights: Path = dsn_weights()
    recursive: bool = recursive_search()
    tile: int = option(512, "side of the tiles in high-resolution pixels; 0: whole images", ge=0)
    scale_maps: bool = option(False, "also write log-scales, scale_maps/<stem>.npy (3, h, w)")
    heat_maps: bool = option(False, "also write pictures of the red log-scale, for looking at")

    def unfit_weights(self, experiment: Experiment) -> Problems:
        """A file that holds no DSN of the scale."""
        yield from _no_dsn(self.weights, experiment.scale)

    def outputs(self) -> tuple[str, ...]:
        """What the stage writes."""
        maps = ("scale_maps/*.npy",) * self.scale_maps + ("heat_maps/*.png",) * self.heat_maps
        return ("weights.sha256", "lr/*.png", *maps)


def _no_dsn(weights: Path, scale: int) -> Problems:
    from srcore.weights.refusals import refused_weights  # torch
    from srplug_usrdu.weights import load_dsn

    for message in refused_weights(lambda: load_dsn(weights, scale=scale), on_cpu=True):
        yield "weights", message


def hr_folder(own: Path | None, experiment: Experiment) -> Path | None:
    """The folder that a task ``usrdu_generate`` reads: its own or that of the training images."""
    train = experiment.data.train
    if own is not None or train is None:
        return own
    folder = option_capability(train.selected.options, "hr")
    return folder if isinstance(folder, Path) else None


@attrs.frozen(kw_only=True)
class KernelsOptions:
    """Estimate a blur kernel for every real low-resolution image (KernelGAN), into ``kernels``."""

    lr: Path = option(help="folder of real low-resolution images", path="folder")
    iterations: int = option(3000, "updates per image", ge=1)
    num_features: int = option(64, "channels of both networks", ge=1, le=4096)
    variant: Literal["paper", "published"] = option(
        "paper", "paper: KernelGAN's text; published: as the published program"
    )
    mat: bool = option(False, "also write MATLAB files (variable Kernel)")

    def outputs(self) -> tuple[str, ...]:
        """What the stage writes."""
        return ("kernels/*.npy", *("kernels/*.mat",) * self.mat)
