"""What every plugin must do."""

from typing import ClassVar

import pytest

from srcore.testing import PluginContract
from srcore.testing.weights import write_weights

SMALL = {
    "unet_channels": [8, 8],
    "unet_layers": 1,
    "attention_heads": [2, 2],
    "prompt_channels": 8,
    "prompt_tokens": 5,
    "vae_channels": [8, 8],
    "vae_layers": 1,
    "norm_groups": 4,
}


def latents(context):
    """What hangs on the image, of four channels and half its side."""
    return context.sr.mean(1, keepdim=True).expand(-1, 4, -1, -1)[..., ::2, ::2]


class TestOSEDiff(PluginContract):
    plugin = "osediff"
    experiment = "osediff/tiny"
    small: ClassVar = {
        ("network", "osediff"): SMALL,
        ("task", "osediff_base"): {"model": "tiny_model"},
        ("loss", "score_distillation"): {"weights": "generator.safetensors"},
    }
    extras: ClassVar = {"latents": latents}
    elsewhere: ClassVar = (("method", "gan_osediff"),)

    @pytest.fixture(autouse=True)
    def files(self, workplace, write_model):
        """A model, and a generator."""
        write_model(workplace / "tiny_model")
        write_weights(workplace / "generator.safetensors", "osediff", **SMALL)
