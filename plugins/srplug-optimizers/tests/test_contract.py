"""What every plugin must do."""

from typing import ClassVar

from srcore.testing import PluginContract


class TestOptimizers(PluginContract):
    plugin = "optimizers"
    experiment = "optimizers/tiny"
    small: ClassVar = {("optimizer", "pytorch_optimizer"): {"name": "yogi"}}
