"""TOML keys of the semantic discriminators; nothing here imports torch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import attrs

from srcore.data.sizes import patch_complaint
from srcore.networks.options import adding_on_the_way_up, first_channels
from srcore.options import option
from srcore.options.shared_keys import judged_channels
from srcore.weights.pretrained import Pretrained

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]
Attention = Literal["auto", "torch", "xformers", "math"]
BatchNorm = Literal["frozen", "batch"]

#: Sides of images over sides of the semantic map, as published.
SEMANTIC_STRIDE = 16
#: Side of the images that ``semantic_size`` speaks of.
PUBLISHED_SIDE = 256
#: CLIP's stage by the stride of its map.
STAGES = {8: 2, 16: 3, 32: 4}
#: Groups of the fusion block's GroupNorm.
NORM_GROUPS = 32
#: Strides of the features that the semantics are fused with, in the order of the layers att1 to 3.
PATCH_STRIDES = (4, 8, 8)
UNET_STRIDES = (2, 4, 8)
#: Smallest images that leave a logit.
PATCH_MINIMUM = 32
UNET_MINIMUM = 16

#: Losses of the core that need derivatives of the discriminator's derivatives.
_PENALTIES = ("r1", "gradient_penalty")


@attrs.frozen(kw_only=True)
class SemanticsOptions:
    """``[discriminator.semantics]``: CLIP's ResNet (Radford et al. 2021, arXiv 2103.00020).

    Stem and stages see the whole high-resolution image, and nothing is trained.
    """

    weights: Literal["openai", "random"] | Path = option(
        help='a file (OpenAI\'s RN50.pt, safetensors or state_dict), "openai" (downloaded once by '
        'open_clip), or "random" for tests',
        path="file",
    )
    batch_norm: BatchNorm = option(
        "frozen",
        "running statistics, as a frozen network has; batch: those of the images at hand, as the "
        "published program",
    )
    width: int = option(
        64,
        "channels behind the stem; the third stage's map has 16 times as many; 80 in RN50x4",
        ge=2,
    )
    blocks: tuple[int, int, int] = option(
        (3, 4, 6), "bottleneck blocks of the first three stages; RN50x4 has 4, 6, 10", ge=1
    )
    last_blocks: int = option(
        3, "bottleneck blocks of the fourth stage, for semantic_size = 8; RN50x4 has 6", ge=1
    )


@attrs.frozen(kw_only=True)
class SemanticDiscriminatorOptions:
    """Keys of both discriminators."""

    sees_batch = "spectral norm"

    semantics: SemanticsOptions = option(
        help='what describes the real image, such as { weights = "openai" }'
    )
    semantic_size: Literal[8, 16, 32] = option(
        16,
        "side of the semantic map of a 256x256 image: that of CLIP's third stage; 32: of the "
        "second, 8: of the fourth",
    )
    num_features: int = first_channels()
    num_heads: int = option(1, "attention heads of the fusion blocks", ge=1, le=1024)
    head_dim: int = option(64, "channels of an attention head", ge=1, le=4096)
    in_channels: int = judged_channels()
    attention: Attention = option(
        "auto",
        "attention kernels; auto: xformers where installed and able (CUDA), else torch; math: "
        "needed by r1 and gradient_penalty, takes much more memory",
    )

    def pretrained(self) -> tuple[Pretrained, ...]:
        """CLIP, unless a file of one's own is named."""
        if self.semantics.weights != "openai":
            return ()
        return (Pretrained("CLIP's RN50 weights", "srplug_sed.semantics:openai_file"),)

    def unfit_weights(self, experiment: Experiment) -> Problems:
        """A file that holds no CLIP of these sizes."""
        from srcore.weights.refusals import refused_weights  # torch
        from srplug_sed.discriminators import clip_of

        if isinstance(self.semantics.weights, Path):
            stride = self.semantic_stride
            for message in refused_weights(lambda: clip_of(self.semantics, stride)):
                yield "semantics.weights", message

    @property
    def semantic_stride(self) -> int:
        """Sides of images over sides of the semantic map."""
        return PUBLISHED_SIDE // self.semantic_size

    def _problems(self, experiment: Experiment, strides: tuple[int, ...], minimum: int) -> Problems:
        stride = self.semantic_stride
        largest = stride // min(strides)
        per_width = semantic_channels(1, STAGES[stride])
        complaint = channels_complaint(per_width * self.semantics.width, largest)
        if complaint:
            divisor = math.lcm(NORM_GROUPS, largest**2)
            step = divisor // math.gcd(divisor, per_width)
            width = nearest_multiple(self.semantics.width, step)
            text = f"{per_width} * width: {complaint}; the nearest width is {width}"
            yield "semantics.width", text
        yield from patch_problems(experiment, max(minimum, stride), stride)
        yield from self._penalty_problems(experiment)

    def _penalty_problems(self, experiment: Experiment) -> Problems:
        penalties = [loss.selected.type for loss in experiment.losses]
        penalty = next((name for name in penalties if name in _PENALTIES), None)
        if penalty is not None and self.attention != "math":
            yield (
                "attention",
                f'loss "{penalty}" needs second derivatives, which only "math" has; found '
                f'"{self.attention}"',
            )


@attrs.frozen(kw_only=True)
class SemanticPatchOptions(SemanticDiscriminatorOptions):
    """PatchGAN that knows the semantics of the real image (P+SeD): a logit per patch."""

    def problems(self, experiment: Experiment) -> Problems:
        """Widths and patch sizes that do not divide."""
        yield from self._problems(experiment, PATCH_STRIDES, PATCH_MINIMUM)


@attrs.frozen(kw_only=True)
class SemanticUNetOptions(SemanticDiscriminatorOptions):
    """U-Net discriminator that knows the semantics of the real image (U+SeD): a logit per pixel."""

    skip_connection: bool = adding_on_the_way_up()

    def problems(self, experiment: Experiment) -> Problems:
        """Widths and patch sizes that do not divide."""
        yield from self._problems(experiment, UNET_STRIDES, UNET_MINIMUM)


def semantic_channels(width: int, stage: int = 3) -> int:
    """Channels of a stage: planes ``width * 2**(stage - 1)``, four times that in its output."""
    return 4 * width << (stage - 1)


def channels_complaint(channels: int, up_factor: int) -> str:
    """Why a fusion block cannot have so many semantic channels; empty if it can."""
    divisor = math.lcm(NORM_GROUPS, up_factor**2)
    if channels % divisor == 0:
        return ""
    return f"expected a multiple of {divisor} channels in the semantic map, found {channels}"


def patch_problems(
    experiment: Experiment, minimum: int = SEMANTIC_STRIDE, stride: int = SEMANTIC_STRIDE
) -> Problems:
    """Training patches that the semantic map does not fit; for other semantic discriminators too.

    Args:
        experiment: :class:`srcore.config.schema.Experiment`.
        minimum: smallest side of an image.
        stride: sides of images over sides of the semantic map.
    """
    complaint = patch_complaint(
        experiment,
        lambda side: side % stride == 0 and side >= minimum,
        f"a multiple of {stride} and at least {minimum}",
        of_output=True,
    )
    if complaint:
        yield "", complaint


def nearest_multiple(value: int, step: int) -> int:
    """The positive multiple of ``step`` that is nearest to ``value``; the larger of two."""
    return max(step, (2 * value + step) // (2 * step) * step)
