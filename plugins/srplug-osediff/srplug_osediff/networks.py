"""The generator of OSEDiff: an autoencoder around one step of a diffusion model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.machine.devices import at_least_float32
from srcore.networks.padding import pad_to_multiple
from srcore.options.declaration import defaults
from srplug_osediff.adapters import add_adapters
from srplug_osediff.library import (
    AutoencoderKL,
    BasicTransformerBlock,
    ResnetBlock2D,
    UNet2DConditionModel,
)
from srplug_osediff.noise_schedule import LEVELS, TIMES
from srplug_osediff.options import OSEDiffOptions
from srplug_osediff.tiles import by_tiles

_DEFAULT = defaults(OSEDiffOptions)


class OSEDiff(nn.Module):
    """``D((E(x) - beta_T eps(E(x); T, c)) / alpha_T)`` of the enlarged image x.

    Wu et al., "One-Step Effective Diffusion Network for Real-World Image Super-Resolution",
    NeurIPS 2024: the low-resolution latent takes the place of noise, the last time T is the only
    one. Encoder E and UNet eps are frozen but for their adapters, decoder D is frozen.

        [generator]
        type = "osediff"
        weights = "base.safetensors"

    Random weights are those of an untrained model: a task ``osediff_base`` writes trained ones.

    Args:
        scale: factor between the sides of output and input.
        unet_channels: of the UNet by level.
        unet_layers: residual blocks of each level of the UNet.
        attention_heads: of the UNet by level.
        linear_projection: attention begins and ends with a linear layer.
        prompt_channels: of the embedded prompt c.
        prompt_tokens: of the embedded prompt c.
        vae_channels: of the autoencoder by level.
        vae_layers: residual blocks of each level of the autoencoder.
        latent_channels: of the latents.
        latent_factor: what latents are multiplied by for the UNet.
        norm_groups: groups of all normalizations.
        lora_rank: of the adapters.
        latent_tile: largest side of latents that are computed whole; 0: no limit.

    Attributes:
        scale: as given.
        latents: ``(N, latent_channels, H, W)`` of the step's result pass through it, so that a hook
            sees what is decoded.

    >>> small = {"unet_channels": (8, 8), "attention_heads": (2, 2), "vae_channels": (8, 8)}
    >>> network = OSEDiff(2, **small, prompt_channels=8, prompt_tokens=3, norm_groups=4)
    >>> network(torch.rand(1, 3, 12, 9)).shape
    torch.Size([1, 3, 24, 18])
    """

    def __init__(
        self,
        scale: int,
        unet_channels: Sequence[int] = _DEFAULT.unet_channels,
        unet_layers: int = _DEFAULT.unet_layers,
        attention_heads: Sequence[int] = _DEFAULT.attention_heads,
        linear_projection: bool = _DEFAULT.linear_projection,
        prompt_channels: int = _DEFAULT.prompt_channels,
        prompt_tokens: int = _DEFAULT.prompt_tokens,
        vae_channels: Sequence[int] = _DEFAULT.vae_channels,
        vae_layers: int = _DEFAULT.vae_layers,
        latent_channels: int = _DEFAULT.latent_channels,
        latent_factor: float = _DEFAULT.latent_factor,
        norm_groups: int = _DEFAULT.norm_groups,
        lora_rank: int = _DEFAULT.lora_rank,
        latent_tile: int = _DEFAULT.latent_tile,
    ) -> None:
        super().__init__()
        self.scale = scale
        last = len(unet_channels) - 1
        kinds = ["CrossAttn"] * last + [""]
        self.unet = UNet2DConditionModel(
            in_channels=latent_channels,
            out_channels=latent_channels,
            block_out_channels=tuple(unet_channels),
            layers_per_block=unet_layers,
            attention_head_dim=tuple(attention_heads),  # their number: diffusers' old name
            cross_attention_dim=prompt_channels,
            use_linear_projection=linear_projection,
            norm_num_groups=norm_groups,
            down_block_types=tuple(f"{kind}DownBlock2D" for kind in kinds),
            up_block_types=tuple(f"{kind}UpBlock2D" for kind in reversed(kinds)),
        )
        self.vae = AutoencoderKL(
            block_out_channels=tuple(vae_channels),
            layers_per_block=vae_layers,
            latent_channels=latent_channels,
            norm_num_groups=norm_groups,
            scaling_factor=latent_factor,
            down_block_types=("DownEncoderBlock2D",) * len(vae_channels),
            up_block_types=("UpDecoderBlock2D",) * len(vae_channels),
        )
        self.vae.requires_grad_(False)
        add_adapters(self.vae.encoder, lora_rank)
        add_adapters(self.unet, lora_rank)
        self.latents = nn.Identity()
        self.latent_factor = latent_factor
        self.prompt: Tensor
        self.negative_prompt: Tensor
        for name in ("prompt", "negative_prompt"):
            self.register_buffer(name, torch.randn(prompt_tokens, prompt_channels))
        self._vae_multiple = 2 ** (len(vae_channels) - 1)
        self._unet_multiple = 2**last
        # Whole numbers of all levels of the UNet
        self.latent_tile = max(latent_tile // self._unet_multiple, bool(latent_tile))
        self.latent_tile *= self._unet_multiple
        if latent_tile:
            self.vae.enable_tiling()
            self.vae.tile_latent_min_size = self.latent_tile
            self.vae.tile_sample_min_size = self.latent_tile * self._vae_multiple

    def checkpointed(self) -> Iterator[nn.Module]:
        """Residual and attention blocks of the UNet, residual blocks of the autoencoder."""
        for module in self.modules():
            if isinstance(module, (ResnetBlock2D, BasicTransformerBlock)):
                yield module

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, 3, h, w)`` in [0, 1] -> ``(N, 3, scale*h, scale*w)``, not clamped."""
        height, width = (self.scale * side for side in lr.shape[-2:])
        upscaled = 2 * F.interpolate(lr, size=(height, width), mode="bicubic") - 1
        image = pad_to_multiple(upscaled, self._vae_multiple * self._unet_multiple)
        latents = self.latents(self.step(self.encode(image)))
        decoded: Tensor = self.vae.decode(latents / self.latent_factor).sample
        return (decoded[..., :height, :width] + 1) / 2

    def encode(self, image: Tensor) -> Tensor:
        """The mean of an image's latents, scaled: ``(N, 3, H, W)`` in [-1, 1] -> ``z_L``."""
        mean: Tensor = self.vae.encode(image).latent_dist.mode()
        return at_least_float32(mean) * self.latent_factor

    def step(self, latents: Tensor) -> Tensor:
        """``z_H = (z_L - beta_T eps(z_L; T, c)) / alpha_T``, ``(N, latent_channels, H, W)``."""
        signal, noise = LEVELS[-1]
        estimate = by_tiles(self._estimated_noise, latents, self.latent_tile)
        return (latents - noise * estimate) / signal

    def _estimated_noise(self, latents: Tensor) -> Tensor:
        prompt = self.prompt.expand(len(latents), -1, -1)
        (noise,) = self.unet(latents, TIMES - 1, encoder_hidden_states=prompt, return_dict=False)
        return at_least_float32(noise)
