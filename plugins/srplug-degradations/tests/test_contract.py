import pytest

from srcore.testing import PluginContract

pytest.importorskip("av")


class TestDegradations(PluginContract):
    plugin = "degradations"
    experiment = "degradations/tiny"
