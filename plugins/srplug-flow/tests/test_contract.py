"""What every plugin must do."""

from typing import ClassVar

import torch

from srcore.testing import PluginContract


class TestFlow(PluginContract):
    plugin = "flow"
    experiment = "flow/tiny"
    small: ClassVar = {("network", "flow"): {"num_features": 4, "num_blocks": 1, "steps": 2}}
    extras: ClassVar = {"flow_time": torch.tensor([0.0, 0.5])}
