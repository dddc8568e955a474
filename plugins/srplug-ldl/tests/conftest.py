"""A small experiment with LDL that tests change."""

import json
import warnings

import pytest

import srcore
from srcore.engine.runner import run_experiment
from srcore.testing.images import write_tiny_images

EXPERIMENT = """\
name = "small"
scale = 2

[generator]
type = "edsr"
num_features = 8
num_blocks = 1

[discriminator]
type = "patch"
num_layers = 1
num_features = 4

[method]
type = "gan"

[[losses]]
type = "l1"
weight = 1e-2

[[losses]]
type = "ldl"

[[losses]]
type = "adversarial"
weight = 5e-3

[data.train]
type = "hr_folder"
hr = "train"
hr_patch_size = 32
workers = 0

[data.validation.tiny]
type = "hr_folder"
hr = "validation"

[train]
iterations = 2
batch_size = 2
device = "cpu"
log_every = 1
checkpoint_every = 1
ema_decay = 0.9
images = 1
tensorboard = false
"""


@pytest.fixture
def small_experiment(tmp_path):
    """The file of an experiment whose folders exist."""
    write_tiny_images(tmp_path / "train", 4, height=136, width=136)
    write_tiny_images(tmp_path / "validation", 2, seed=100)
    file = tmp_path / "small.toml"
    file.write_text(EXPERIMENT, "utf-8")
    return file


@pytest.fixture
def train(small_experiment, tmp_path):
    """Run the experiment with overrides; gives the values logged in every iteration."""

    def run(*overrides, output="run", **options):
        loaded = srcore.load_experiment(small_experiment, overrides)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="VGG19 with random weights")
            run_experiment(loaded, tmp_path / output, quiet=True, **options)
        lines = (tmp_path / output / "small/metrics.jsonl").read_text("utf-8").splitlines()
        return [row["values"] for row in map(json.loads, lines) if row["phase"] == "train"]

    return run
