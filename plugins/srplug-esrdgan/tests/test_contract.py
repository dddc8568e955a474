"""What every plugin must do."""

from typing import ClassVar

from srcore.testing import PluginContract


class TestEsrdgan(PluginContract):
    plugin = "esrdgan"
    experiment = "esrdgan/tiny"
    small: ClassVar = {
        ("network", "esrdgan"): {"num_features": 4, "num_blocks": 1, "growth_channels": 2},
        ("discriminator", "esrdgan"): {"input_size": 32, "num_features": 2},
    }
