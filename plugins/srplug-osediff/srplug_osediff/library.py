"""What is used of diffusers and peft, imported in one place."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():  # what they import adds filters of warnings, for everybody
    from diffusers.models.attention import BasicTransformerBlock
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
    from diffusers.models.resnet import ResnetBlock2D
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
    from peft import LoraConfig, inject_adapter_in_model
    from peft.tuners.lora import LoraLayer

__all__ = [
    "AutoencoderKL",
    "BasicTransformerBlock",
    "LoraConfig",
    "LoraLayer",
    "ResnetBlock2D",
    "UNet2DConditionModel",
    "inject_adapter_in_model",
]
