from pathlib import Path

import pytest
import torch

from srcore.networks.compact import Compact
from srcore.networks.edsr import EDSR
from srcore.networks.msrresnet import MSRResNet
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR


@pytest.fixture
def common():
    return Path(__file__).parents[1] / "golden" / "common"


def _small_rrdbnet(**options):
    return RRDBNet(num_features=4, num_blocks=2, growth_channels=3, **options)


@pytest.fixture
def rrdbnet():
    """Factory of small RRDBNets."""
    torch.manual_seed(0)
    return _small_rrdbnet


@pytest.fixture
def networks():
    """Small networks of the types that have dialects, by type."""
    torch.manual_seed(0)
    return {
        "rrdbnet": _small_rrdbnet(scale=4),
        "edsr": EDSR(scale=4, num_features=4, num_blocks=2),
        "swinir": SwinIR(
            scale=4, img_size=8, window_size=4, embed_dim=4, depths=(2, 2), num_heads=(2, 1)
        ),
        "compact": Compact(scale=4, num_features=4, num_convs=2),
        "msrresnet": MSRResNet(scale=4, num_features=4, num_blocks=2),
    }
