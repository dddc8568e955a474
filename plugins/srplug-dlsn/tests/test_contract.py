from typing import ClassVar

from srcore.testing import PluginContract

SMALL = {"num_features": 8, "num_groups": 2, "num_blocks": 1, "chunk_size": 8}


class TestDLSN(PluginContract):
    plugin = "dlsn"
    experiment = "dlsn/tiny_x2"
    small: ClassVar = {("network", "dlsn"): SMALL}
