"""What every plugin must do; at the scales that networks have."""

from typing import ClassVar

import pytest
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

from srcore.testing import PluginContract

SCALES = {entry.component: tried_scale(name, 2) for name, entry in ARCHITECTURES.items()}


def small(scales):
    return {
        ("network", entry.component): tiny(name, scales[entry.component])
        for name, entry in ARCHITECTURES.items()
    }


pytestmark = pytest.mark.filterwarnings(
    "ignore:.saved_variables. is deprecated:DeprecationWarning",  # spandrel 0.4: NAFNet, Omni-SR
)


class TestSpandrel(PluginContract):
    plugin = "spandrel"
    experiment = "spandrel/tiny"
    scales: ClassVar = SCALES
    small: ClassVar = small(SCALES)
