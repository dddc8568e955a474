"""The contract of srcore, with a run that is killed and resumed."""

from srcore.testing import PluginContract


class TestContract(PluginContract):
    plugin = "joint"
    experiment = "joint/tiny"
