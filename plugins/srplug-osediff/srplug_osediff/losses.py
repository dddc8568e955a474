"""Variational score distillation of a generator's latents, and the regularizer that it trains."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import srcore
from srcore.errors import RandomWeightsWarning, WeightsError
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults
from srplug_osediff.adapters import adapters_of, forget_adapters, without_adapters
from srplug_osediff.networks import OSEDiff
from srplug_osediff.noise_schedule import LEVELS, TIMES
from srplug_osediff.options import ScoreDistillationOptions

if TYPE_CHECKING:
    from srcore.contracts import LossContext

_DEFAULT = defaults(ScoreDistillationOptions)


def distillation_loss(latents: Tensor, prior: Tensor, regularizer: Tensor) -> Tensor:
    """``0.5 |z - stopgrad(z - g)|^2`` with ``g = (regularizer - prior) / mean |z - prior|``.

    Its gradient to z is g over the number of elements: that of variational score distillation (Wang
    et al., NeurIPS 2023; equation 5 of OSEDiff) with the weighting of DMD (Yin et al., CVPR 2024,
    algorithm 2), for which both estimates of the noise are written as estimates of z.

    Args:
        latents: z, ``(N, C, h, w)``, with graph.
        prior: what the frozen model believes z to be, of the same shape.
        regularizer: the same of the model that knows the generator's latents.

    >>> z = torch.ones(1, 1, 2, 2, requires_grad=True)
    >>> distillation_loss(z, torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0))
    tensor(2., grad_fn=<MulBackward0>)
    """
    z = latents.detach()
    distance = (z - prior).abs().mean(dim=(1, 2, 3), keepdim=True)
    gradient = (regularizer - prior) / distance.clamp_min(torch.finfo(z.dtype).tiny)
    return 0.5 * F.mse_loss(latents, z - gradient)


class ScoreDistillationLoss(nn.Module):
    """Distillation of a text-to-image model, and the loss of the regularizer beside it.

    Equations 4 to 6 of OSEDiff (Wu et al., NeurIPS 2024). The regularizer is the prior with
    adapters, which learn the generator's latents at the same time: by a diffusion loss that
    reaches nothing else, and is logged as ``regularizer``. Both are one term, so ``weight`` is of
    both. All that is trained is the adapters, ``[optimizer.score_distillation_adapters]``.

        [method]
        type = "osediff"
        [generator]
        type = "osediff"
        weights = "base.safetensors"
        [[losses]]
        type = "score_distillation"
        weights = "base.safetensors"

    >>> import pathlib, tempfile, torch
    >>> from srcore.contracts import LossContext
    >>> from srcore.testing.weights import write_weights
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "base.safetensors"
    >>> small = {"unet_channels": [8, 8], "attention_heads": [2, 2], "vae_channels": [8, 8]}
    >>> _ = write_weights(file, "osediff", **small, prompt_channels=8, norm_groups=4)
    >>> extras = {"latents": torch.zeros(1, 4, 4, 4), "generator": torch.Generator()}
    >>> context = LossContext({}, torch.zeros(1, 3, 16, 16), iteration=1, extras=extras)
    >>> bool(ScoreDistillationLoss(file)(context) > context.logged["regularizer"])
    True

    Args:
        weights: file of an osediff generator, whose own adapters are left out; None: random ones.
        guidance: of the prior, from the negative prompt past the prompt.
        earliest: times of the distillation are drawn from here, of [0, 1].
        latest: they are drawn to here.
        checkpointing: the regularizer's blocks are computed again in the backward pass.

    Raises:
        WeightsError: the file holds something else.
    """

    def __init__(
        self,
        weights: Path | None = _DEFAULT.weights,
        guidance: float = _DEFAULT.guidance,
        earliest: float = _DEFAULT.earliest,
        latest: float = _DEFAULT.latest,
        checkpointing: bool = _DEFAULT.checkpointing,
    ) -> None:
        super().__init__()
        generator = _generator(weights)
        self.guidance = guidance
        self.earliest, self.latest = (round(it * (TIMES - 1)) for it in (earliest, latest))
        self.unet = generator.unet.train()
        if checkpointing:
            self.unet.enable_gradient_checkpointing()
        forget_adapters(self.unet)
        self.adapters = adapters_of(self.unet)
        self.register_buffer("prompt", generator.prompt)
        self.register_buffer("negative_prompt", generator.negative_prompt)
        self.prompt: Tensor
        self.negative_prompt: Tensor
        self.requires_grad_(False)  # what is trained, the training says

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term; ``context.extras["latents"]`` is ``(N, C, h, w)``."""
        latents = at_least_float32(context.extras["latents"])
        random = context.extras["generator"]
        distillation = self._distillation(latents, random)
        regularizer = self._diffusion(latents.detach(), random)
        context.log("regularizer", regularizer)
        return distillation + regularizer

    def _distillation(self, latents: Tensor, random: torch.Generator) -> Tensor:
        times = self._times(latents, random, self.earliest, self.latest)
        with torch.no_grad():
            noisy, _, alpha, beta = _noisy(latents, times, random)
            ours = self._noise(noisy, times, self.prompt)
            with without_adapters(self.unet):
                prior, away = (
                    self._noise(noisy, times, it) for it in (self.prompt, self.negative_prompt)
                )
            prior = away + self.guidance * (prior - away)
            clean = [(noisy - beta * noise) / alpha for noise in (prior, ours)]
        return distillation_loss(latents, *clean)

    def _diffusion(self, latents: Tensor, random: torch.Generator) -> Tensor:
        times = self._times(latents, random, 0, TIMES - 1)
        noisy, noise, _, _ = _noisy(latents, times, random)
        return F.mse_loss(self._noise(noisy, times, self.prompt), noise)

    def _times(self, latents: Tensor, random: torch.Generator, first: int, last: int) -> Tensor:
        return torch.randint(
            first, last + 1, (len(latents),), generator=random, device=latents.device
        )

    def _noise(self, noisy: Tensor, times: Tensor, prompt: Tensor) -> Tensor:
        prompts = prompt.expand(len(noisy), -1, -1)
        (noise,) = self.unet(noisy, times, encoder_hidden_states=prompts, return_dict=False)
        return at_least_float32(noise)


def _generator(weights: Path | None) -> OSEDiff:
    if weights is None:
        text = "score_distillation has random weights, which mean nothing: name some as weights"
        warnings.warn(text, RandomWeightsWarning, stacklevel=3)
        return OSEDiff(1)
    # In checks that is the device without memory.
    generator = srcore.load_generator(weights, torch.get_default_device())
    if not isinstance(generator, OSEDiff):
        raise WeightsError(f"{weights}: holds {type(generator).__name__}; expected osediff")
    return generator


def _noisy(
    latents: Tensor, times: Tensor, random: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``alpha z + beta noise`` at a time of its own for every image; noise, alpha, beta."""
    levels = torch.tensor(LEVELS, device=latents.device, dtype=latents.dtype)
    alpha, beta = levels[times].view(-1, 2, 1, 1, 1).unbind(1)
    noise = torch.randn(latents.shape, generator=random, device=latents.device, dtype=latents.dtype)
    return alpha * latents + beta * noise, noise, alpha, beta
