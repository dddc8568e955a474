"""What every plugin must do; at the scales that networks have."""

from typing import ClassVar

import pytest
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import scale_of, tiny

from srcore.testing import PluginContract

SCALES = {entry.component: scale_of(name, 2) for name, entry in ARCHITECTURES.items()}


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "scale"),
    [
        (name, scale)
        for name, entry in ARCHITECTURES.items()
        for scale in (1, 4)
        if scale in entry.scales and scale != scale_of(name, 2)
    ],
)
def test_networks_and_their_files_keep_the_contract_at_other_scales(
    name, scale, tmp_path, monkeypatch
):
    component = ARCHITECTURES[name].component
    contract = type("Contract", (TestSpandrel,), {"scales": {component: scale}})()
    contract.small = {("network", component): tiny(name, scale)}
    monkeypatch.chdir(tmp_path)
    for kind in ("network", "dialect"):
        contract.test_what_it_registers_keeps_its_contract(f"{kind}-{component}")
