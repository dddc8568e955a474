import pytest

from srcore.testing import PluginContract


class TestDegradations(PluginContract):
    plugin = "degradations"
    experiment = "degradations/tiny"

    def test_what_it_registers_keeps_its_contract(self, registered):
        if registered == "transform-video":
            pytest.importorskip("av")
        super().test_what_it_registers_keeps_its_contract(registered)
