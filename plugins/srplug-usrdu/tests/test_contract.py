from typing import ClassVar

import pytest
import torch

import srcore
from srcore.plugin.manager import plugins
from srcore.testing import PluginContract
from srcore.weights.saving import GeneratorMetadata, save_safetensors

DSN = {"num_features": 4, "num_blocks": 1, "feature_channels": 8}


class TestUSRDU(PluginContract):
    plugin = "usrdu"
    experiment = "usrdu/tiny"
    small: ClassVar = {
        ("network", "usrdu_dsn"): DSN,
        ("loss", "usrdu_feature"): {"weights": "random"},
        ("transform", "laplace_sampling"): {"weights": "dsn.safetensors"},
        ("task", "usrdu_generate"): {"weights": "stage:dsn/generator.safetensors"},
        ("task", "usrdu_kernels"): {"lr": "stage:any/lr"},
    }
    entries: ClassVar = {"lr_reference": lambda context: context.hr}
    extras: ClassVar = {
        "log_scale": lambda context: torch.rand_like(context.sr),
        "feature_log_scale": torch.rand(2, 512, 2, 2),
    }
    # the heads of log-scales are no part of the image
    unused: ClassVar = {("network", "usrdu_dsn"): ("var.*", "per_var.*")}
    elsewhere = (("task", "usrdu_kernels"),)  # test_tasks.py

    @pytest.fixture(autouse=True)
    def _degradation(self, workplace):
        """The network whose log-scale ``laplace_sampling`` draws from."""
        network = srcore.build("network", "usrdu_dsn", scale=2, **DSN)
        metadata = GeneratorMetadata("usrdu_dsn", DSN, 2)
        save_safetensors(
            "dsn.safetensors", network.state_dict(), metadata, registry=plugins().registry
        )
