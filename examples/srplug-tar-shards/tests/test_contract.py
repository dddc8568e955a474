"""The contract of srcore, with a run that is killed and resumed."""

from pathlib import Path
from typing import ClassVar

import pytest

from srcore.testing import PluginContract
from srplug_tar_shards import pack


class TestContract(PluginContract):
    plugin = "tar_shards"
    experiment = "tar_shards/tiny"
    small: ClassVar = {("source", "tar_shards"): {"path": "shards/hr"}}

    @pytest.fixture(autouse=True)
    def shards(self, workplace):
        """Pairs in two shards each."""
        for name in ("hr", "lr"):
            pack(Path("images") / name, Path("shards") / name, samples=4)
