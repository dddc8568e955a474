import pytest

from srcore.networks.compact import Compact
from srcore.plugin.manager import plugins
from srcore.weights.dialects import UnknownArchitectureError, convert_to_native


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("activation", ["prelu", "relu"])
def test_settings_follow_from_the_file(scale, activation):
    network = Compact(scale, num_features=3, num_convs=2, activation=activation)
    recognized = convert_to_native(network.state_dict(), registry=plugins().registry)
    assert recognized.network == "compact"
    assert recognized.options == {
        "scale": scale,
        "num_features": 3,
        "num_convs": 2,
        "activation": activation,
    }


def test_another_plain_network_is_left_alone():
    state = Compact(2, num_features=3, num_convs=1).state_dict()
    state["tail.weight"] = state["body.0.weight"]
    with pytest.raises(UnknownArchitectureError, match="unknown architecture"):
        convert_to_native(state, registry=plugins().registry)
