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

    def test_networks_enlarge_odd_sizes_by_their_scale(self):
        """The DSN works the other way: odd sizes shrink by its scale, rounded up."""
        for component in self._components("network"):
            network, scale = self._network(component)
            for height, width in ((33, 45), (48, 48)):
                hr = torch.rand(1, 3, height, width)
                with torch.no_grad():
                    assert network(hr).shape == (1, 3, -(-height // scale), -(-width // scale))
                    with torch.autocast("cpu", dtype=torch.bfloat16):
                        assert torch.isfinite(network(hr).float()).all()

    def _context(self):
        context = super()._context()
        context.batch["lr_reference"] = context.batch["hr"]
        context.extras["log_scale"] = torch.rand_like(context.sr)
        context.extras["feature_log_scale"] = torch.rand(2, 512, 2, 2)
        return context
