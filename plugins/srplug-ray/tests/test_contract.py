from srcore.testing import PluginContract


class TestRay(PluginContract):
    plugin = "ray"
