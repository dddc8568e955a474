"""Weight dialects: what they write they read back."""

import re

import pytest
from torch import nn

import srcore
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing.checks import dialect_complaints
from srcore.testing.specimen import Specimen
from srcore.weights.dialects import Dialect


class Net(nn.Module):
    """A network without fault."""

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.conv = nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, lr):
        return nn.functional.interpolate(self.conv(lr), scale_factor=self.scale)


def dialect(**changed):
    def renamed(state, first, second):
        return {name.replace(first, second): value for name, value in state.items()}

    functions = {
        "network": "x",
        "matches": lambda state: "body.weight" in state,
        "infer_options": lambda state, scale: {"scale": scale},
        "to_native": lambda state: renamed(state, "body", "conv"),
        "from_native": lambda state, options: renamed(state, "conv", "body"),
    }
    return Dialect(**{**functions, **changed})


DIALECTS = [
    ({"matches": lambda state: False}, r"expected matches\(\) to know what from_native\(\) wrote"),
    ({"to_native": dict}, r"expected to_native\(\) to give back conv.bias and all others"),
    (
        {
            "to_native": lambda state: {
                name.replace("body", "conv"): value + 1 for name, value in state.items()
            }
        },
        r"expected to_native\(\) to give back the values, found others",
    ),
    ({"infer_options": lambda state, scale: {"scale": 4}}, "to find scale = 2, found 4"),
    ({"infer_options": lambda state, scale: {"scale": 2, "depth": 3}}, "found depth: unknown key"),
    ({"from_native": lambda state, options: {"body.weight": 1}}, "to give tensors"),
]


@pytest.mark.parametrize(("changed", "message"), [({}, None), *DIALECTS])
def test_dialects_read_back_what_they_write(changed, message, folder):
    made = dialect(**changed)

    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add("network", "x", None, Net)

        @srcore.hookimpl
        def srcore_register_weight_dialects(self, registry):
            registry.add_dialect("x_other", made)

    with using(PluginManager(discover=False, extra=[Stranger()])):
        component = plugins().registry.get("network", "x")
        specimen = Specimen(component, component.options(), {}, folder)
        complaints_made = dialect_complaints("x_other", "srplug-stranger", made, specimen)
    if message is None:
        assert complaints_made == []
    else:
        assert any(re.search(message, line) for line in complaints_made), complaints_made
        assert all(
            line.startswith('srplug-stranger: weight dialect "x_other"') for line in complaints_made
        )
