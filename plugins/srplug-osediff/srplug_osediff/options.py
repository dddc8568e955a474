"""TOML keys of everything this plugin brings; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from srcore.contracts import GENERATOR, Role
from srcore.methods.options import GanOptions, SupervisedOptions
from srcore.options import option
from srcore.options.declaration import keywords
from srcore.runs.folder import RunFolder

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: What the prior is asked for, and what it is to keep away from.
PROMPT = "a sharp, detailed, high-quality photograph"
NEGATIVE_PROMPT = "blurry, noisy, out of focus, low quality, compression artifacts, painting"


def lora_rank() -> Any:
    """The key of whatever makes adapters."""
    return option(4, "rank of the trained low-rank adapters", ge=1, le=1024)


def _without_levels(channels: tuple[int, ...]) -> str:
    return "" if channels else "expected the channels of at least one level, found none"


@attrs.frozen(kw_only=True)
class OSEDiffOptions:
    """Enlarges in the latents of an autoencoder, by one step of a diffusion model.

    Defaults are those of Stable Diffusion 2.1 base. ``latent_tile`` may be chosen whenever it is
    used: ``srcore upscale --network latent_tile=96``.
    """

    unet_channels: tuple[int, ...] = option(
        (320, 640, 1280, 1280),
        "of the UNet by level; all levels but the last have attention",
        ge=1,
        le=65536,
        check=_without_levels,
    )
    unet_layers: int = option(2, "residual blocks of each level of the UNet", ge=1, le=64)
    attention_heads: tuple[int, ...] = option(
        (5, 10, 20, 20), "of the UNet by level", ge=1, le=1024
    )
    linear_projection: bool = option(
        True, "attention of the UNet begins and ends with a linear layer; false: a convolution"
    )
    prompt_channels: int = option(1024, "channels of the embedded prompt", ge=1, le=65536)
    prompt_tokens: int = option(77, "tokens of the embedded prompt", ge=1, le=4096)
    vae_channels: tuple[int, ...] = option(
        (128, 256, 512, 512), "of the autoencoder by level", ge=1, le=65536, check=_without_levels
    )
    vae_layers: int = option(2, "residual blocks of each level of the autoencoder", ge=1, le=64)
    latent_channels: int = option(4, "channels of the latents", ge=1, le=256)
    latent_factor: float = option(0.18215, "what latents are multiplied by for the UNet", gt=0)
    norm_groups: int = option(32, "groups of all normalizations", ge=1, le=1024)
    lora_rank: int = lora_rank()
    latent_tile: int = option(
        0,
        "side of the overlapping tiles that larger latents are computed in, by UNet and "
        "autoencoder; 0: always whole",
        ge=0,
        le=8192,
        inference=True,
    )

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Numbers that do not fit together."""
        if len(self.attention_heads) != len(self.unet_channels):
            yield (
                "attention_heads",
                f"expected {len(self.unet_channels)} numbers, as of unet_channels, found "
                f"{len(self.attention_heads)}",
            )
            return
        for channels, heads in zip(self.unet_channels, self.attention_heads, strict=True):
            if channels % heads:
                yield "unet_channels", f"expected a multiple of {heads} heads, found {channels}"
        for key, levels in (
            ("unet_channels", self.unet_channels),
            ("vae_channels", self.vae_channels),
        ):
            for channels in levels:
                if channels % self.norm_groups:
                    expected = f"a multiple of norm_groups = {self.norm_groups}"
                    yield key, f"expected {expected}, found {channels}"


@attrs.frozen(kw_only=True)
class OSEDiffBaseOptions:
    """Make ``generator.safetensors`` of a text-to-image model in the folders of diffusers.

    It upscales as the model alone does in one step: its adapters change nothing yet.
    """

    model: Path = option(
        help="folder of the model, with unet and vae, each with config.json and "
        "diffusion_pytorch_model.safetensors",
        path="folder",
    )
    prompts: Path | None = option(
        None,
        "file with the embedded prompts, tensors prompt and negative_prompt of (tokens, "
        "channels); none: text_encoder and tokenizer of the model embed the texts",
        path="file",
    )
    prompt: str = option(PROMPT, "text of what images are to be like")
    negative_prompt: str = option(NEGATIVE_PROMPT, "text of what they are not to be like")
    lora_rank: int = lora_rank()

    def unfit_weights(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A model that no generator can be made of."""
        from srcore.weights.refusals import refused_weights
        from srplug_osediff.tasks import OSEDiffBase  # torch

        task = OSEDiffBase(**keywords(self))
        for message in refused_weights(lambda: task.generator(experiment.scale)):
            yield "model", message

    def outputs(self) -> tuple[str, ...]:
        """What the stage writes."""
        return (RunFolder.generator,)


#: A generator whose latents can be seen.
LATENT_GENERATOR = attrs.evolve(GENERATOR, needs=("latents",))


@attrs.frozen(kw_only=True)
class OSEDiffTrainingOptions(SupervisedOptions):
    """Train a generator on pairs of images; losses see its latents, too."""

    def roles(self) -> dict[str, Role]:
        """One network, whose latents can be seen."""
        return {**super().roles(), "generator": LATENT_GENERATOR}


@attrs.frozen(kw_only=True)
class GanOSEDiffOptions(GanOptions):
    """Train a generator as ``osediff`` does, against a discriminator."""

    def roles(self) -> dict[str, Role]:
        """The latents of the generator can be seen."""
        return {**super().roles(), "generator": LATENT_GENERATOR}


@attrs.frozen(kw_only=True)
class ScoreDistillationOptions:
    """Latents stay where a text-to-image model finds natural images (VSD)."""

    weights: Path | None = option(
        None,
        "file of an osediff generator whose UNet is the prior, of a task osediff_base: "
        '"stage:<name>/generator.safetensors"; none: random weights of default sizes, to measure '
        "with",
        path="file",
    )
    guidance: float = option(
        7.5, "how far the prior goes from the negative prompt past the prompt; 1: to it", ge=0
    )
    earliest: float = option(0.02, "times are drawn from here, of [0, 1]", ge=0, le=1)
    latest: float = option(0.98, "times are drawn to here, of [0, 1]", ge=0, le=1)
    checkpointing: bool = option(
        False, "the regularizer's blocks are computed again in the backward pass: less memory"
    )

    def roles(self) -> dict[str, Role]:
        """The adapters of the regularizer are trained."""
        return {"adapters": Role(kind="module")}

    def unfit_weights(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A file that holds no such generator."""
        from srcore.weights.refusals import refused_weights
        from srplug_osediff.losses import ScoreDistillationLoss  # torch

        if self.weights is not None:
            for message in refused_weights(lambda: ScoreDistillationLoss(**keywords(self))):
                yield "weights", message

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Times that end before they begin."""
        if self.latest < self.earliest:
            yield "latest", f"expected at least earliest = {self.earliest}, found {self.latest}"
