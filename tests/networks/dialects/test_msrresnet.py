import pytest

from srcore.networks.msrresnet import MSRResNet
from srcore.plugin.manager import plugins
from srcore.weights.dialects import convert_to_native


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_settings_follow_from_the_file(scale):
    state = MSRResNet(scale=scale, num_features=3, num_blocks=2).state_dict()
    recognized = convert_to_native(state, registry=plugins().registry)
    assert recognized.network == "msrresnet"
    assert recognized.options == {"scale": scale, "num_features": 3, "num_blocks": 2}
