from typing import ClassVar

import pytest
import torch

from srcore.testing.contract import PluginContract
from srcore.testing.images import write_tiny_images


class TestUSRDU(PluginContract):
    plugin = "usrdu"
    experiment = "usrdu/tiny"
    small: ClassVar = {
        ("network", "usrdu_dsn"): {"num_features": 4, "num_blocks": 1, "feature_channels": 8},
        ("loss", "usrdu_feature"): {"weights": "random"},
        ("transform", "laplace_sampling"): {"weights": "stage:dsn/generator.safetensors"},
        ("stage", "usrdu_generate"): {"weights": "stage:dsn/generator.safetensors"},
        ("stage", "usrdu_kernels"): {"lr": "stage:any/lr"},
    }

    @pytest.fixture(autouse=True)
    def _images(self, tmp_path, monkeypatch):
        """The folders that the tiny experiment names."""
        monkeypatch.chdir(tmp_path)
        write_tiny_images(tmp_path / "examples/images/train", 3, height=72, width=80)
        write_tiny_images(tmp_path / "degraded", 3, height=24, width=24, seed=50)

    def _context(self):
        context = super()._context()
        context.batch["lr_reference"] = context.batch["hr"]
        context.extras["log_scale"] = torch.rand_like(context.sr)
        context.extras["feature_log_scale"] = torch.rand(2, 512, 2, 2)
        return context
