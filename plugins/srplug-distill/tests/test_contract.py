from srcore.testing import PluginContract


class TestDistillation(PluginContract):
    plugin = "distill"
    experiment = "distill/tiny"
