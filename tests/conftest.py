"""Fixtures that tests of several rooms share."""

from pathlib import Path

import numpy as np
import pytest
import torch

from srcore.images import write_image
from srcore.networks.compact import Compact
from srcore.networks.edsr import EDSR
from srcore.networks.msrresnet import MSRResNet
from srcore.networks.rrdbnet import RRDBNet
from srcore.networks.swinir import SwinIR


@pytest.fixture
def two_sets_of_pairs(tmp_path):
    """Two sets of pairs; ``1`` is in both, ``2`` and ``3`` in one."""
    for place, names in (("a", "12"), ("b", "13")):
        for kind, side in (("hr", 4), ("lr", 2)):
            for name in names:
                image = np.full((side, side, 3), ord(place) + int(name), np.uint8)
                write_image(tmp_path / place / kind / f"{name}.png", image, durable=False)
    return tmp_path


@pytest.fixture
def common():
    """The folder of golden files that several tests read."""
    return Path(__file__).parent / "golden" / "common"


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


SWEEP = """
extends = "tiny.toml"
name = "swept"

[sweep]
search = "grid"

[[sweep.parameters]]
key = "generator.num_features"
values = [4, 8]

[[sweep.parameters]]
key = "train.accumulate"
low = 1
high = 2
step = 1
"""


@pytest.fixture
def swept(tiny_experiment):
    """The file of an experiment with a grid of four trials."""
    file = tiny_experiment.with_name("swept.toml")
    file.write_text(SWEEP)
    return file
