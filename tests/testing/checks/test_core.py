"""The core keeps the contract that it asks of plugins; every check has a part that it refuses."""

import re
from pathlib import Path

import pytest

from srcore.capabilities import PARTS
from srcore.plugin.manager import plugins
from srcore.plugin.registry import KINDS
from srcore.prepare.shards import prepare_shards
from srcore.testing.checks import CHECKS, complaints
from srcore.testing.specimen import Specimen, options_for

_ALL = re.MULTILINE | re.DOTALL


def test_every_kind_is_tried_and_every_check_has_a_fault():
    """So that a new check cannot go without a part that it refuses."""
    assert CHECKS.keys() == set(KINDS) >= PARTS.keys()
    files = [path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    tables = [table for text in files for table in re.findall(r"^FAULTS = \[(.*?)^\]", text, _ALL)]
    assert {kind for text in tables for kind in re.findall(r'\("(\w+)", ', text)} == CHECKS.keys()


@pytest.mark.parametrize("kind", sorted(set(CHECKS) - {"method", "task"}))
def test_the_core_keeps_its_own_contract(kind, folder):
    """With the options that small images need."""
    write_names = "\n".join(f"{index:02} 1" for index in range(6))
    (folder / "weights.txt").write_text(write_names)
    prepare_shards(folder / "images/hr", folder / "shards")
    source = {"type": "folder", "path": "images/hr"}
    data = {"type": "hr_folder", "hr": "images/hr"}
    small = {
        ("network", "rrdbnet"): {"num_features": 4, "num_blocks": 1, "growth_channels": 2},
        ("network", "edsr"): {"num_features": 4, "num_blocks": 1},
        ("network", "compact"): {"num_features": 4, "num_convs": 1},
        ("network", "msrresnet"): {"num_features": 4, "num_blocks": 1},
        ("network", "swinir"): {"embed_dim": 8, "depths": [1], "num_heads": [2], "img_size": 16},
        ("discriminator", "vgg"): {"input_size": 128, "num_features": 4},
        ("discriminator", "unet"): {"num_features": 4},
        ("discriminator", "patch"): {"num_features": 4},
        ("loss", "perceptual"): {"weights": "random", "layers": {"conv1_2": 1.0}},
        ("loss", "ms_ssim"): {"scales": 3},
        ("loss", "lpips"): {"weights": "random"},
        ("loss", "dists"): {"weights": "random"},
        ("loss", "contextual"): {"weights": "random", "layers": {"conv1_2": 1.0}},
        ("metric", "lpips"): {"weights": "random"},
        ("metric", "dists"): {"weights": "random"},
        ("loss", "style"): {"weights": "random", "layers": {"conv1_2": 1.0}},
        ("sampler", "weighted"): {"file": "weights.txt"},
        ("source", "folder"): {"path": "images/hr"},
        ("source", "tar"): {"path": "shards"},
        ("dataset", "images"): {"hr": source},
        ("dataset", "concat"): {"datasets": [data, data]},
        ("dataset", "paired_folder"): {"hr": "images/hr", "lr": "images/lr"},
        ("transform", "pair_pool"): {"size": 4},
        ("transform", "second_order_degradation"): {"hr_crop": 64},
        ("handler", "time_limit"): {"hours": 1},
        ("schedule", "multistep"): {"milestones": [20, 50]},
        ("schedule", "cosine"): {"periods": [50]},
        ("schedule", "step"): {"every": 50},
    }
    needs_downloads = ("pieapp", "fid", "brisque")
    lines = []
    for component in plugins().registry.components(kind):
        if component.owner == "srcore" and component.name not in (
            *needs_downloads,
            "lmdb",
            "parquet",
        ):
            keys = small.get((kind, component.name), {})
            options = options_for(component, keys)
            specimen = Specimen(component, options, keys, folder, hr_size=128)
            lines += complaints(specimen)
    assert lines == []
