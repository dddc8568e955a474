from srcore.testing import PluginContract


class TestLDL(PluginContract):
    plugin = "ldl"
    experiment = "ldl/tiny"


class TestLDLRealWorld(TestLDL):
    experiment = "ldl/tiny_realworld"
