"""What every plugin must do."""

from typing import ClassVar

from srcore.testing import PluginContract


class TestCycleGan(PluginContract):
    plugin = "cyclegan"
    experiment = "cyclegan/tiny"
    small: ClassVar = {("network", "cyclegan_degradation"): {"num_features": 4, "num_blocks": 1}}
