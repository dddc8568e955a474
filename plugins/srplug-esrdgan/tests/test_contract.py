"""What every plugin must do."""

from pathlib import Path
from typing import ClassVar

from srcore.testing import PluginContract

IMAGES = Path(__file__).parents[3] / "examples" / "images"


class TestEsrdgan(PluginContract):
    plugin = "esrdgan"
    experiment = "esrdgan/tiny"
    overrides = (
        f"data.train.hr={IMAGES / 'train'}",
        f"data.validation.examples.hr={IMAGES / 'validation'}",
    )
    small: ClassVar = {
        ("network", "esrdgan"): {"num_features": 4, "num_blocks": 1, "growth_channels": 2},
        ("discriminator", "esrdgan"): {"input_size": 32, "num_features": 2},
    }
