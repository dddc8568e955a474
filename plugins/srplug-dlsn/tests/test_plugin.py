from srcore.testing.contract import PluginContract


class TestDLSN(PluginContract):
    plugin = "dlsn"
    experiment = "dlsn/tiny_x2"
    small = {
        ("network", "dlsn"): {
            "num_features": 8,
            "num_groups": 2,
            "num_blocks": 1,
            "chunk_size": 8,
        }
    }
