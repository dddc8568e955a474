from typing import ClassVar

import pytest

from srcore.testing.contract import PluginContract
from srcore.testing.images import write_tiny_images


class TestLDL(PluginContract):
    plugin = "ldl"
    experiment = "ldl/tiny"
    small: ClassVar = {}

    @pytest.fixture(autouse=True)
    def _images(self, tmp_path, monkeypatch):
        """The folders that the tiny experiments name."""
        monkeypatch.chdir(tmp_path)
        write_tiny_images(tmp_path / "examples/images/train", 3, height=128, width=136)
        write_tiny_images(tmp_path / "examples/images/validation", 2, height=48, width=52)


class TestLDLRealWorld(TestLDL):
    experiment = "ldl/tiny_realworld"
