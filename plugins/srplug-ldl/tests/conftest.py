"""A small experiment with LDL that tests change."""

import json
import warnings

import pytest

import srcore
from srcore.launching.stages import run_experiment
from srcore.testing.pytest_plugin import TINY_EXPERIMENT, TINY_GAN
from srcore.testing.tiny_images import write_tiny_images

OWN = """
extends = "gan.toml"
name = "small"

[[losses]]
type = "l1"
weight = 1e-2

[[losses]]
type = "ldl"

[[losses]]
type = "adversarial"
weight = 5e-3

[train]
iterations = 2
batch_size = 2
log_every = 1
checkpoint_every = 1
validate_every = 0
images = 1
"""


@pytest.fixture
def small_experiment(tmp_path):
    """The file of an experiment whose folders exist."""
    write_tiny_images(tmp_path / "train", 4, height=136, width=136)
    write_tiny_images(tmp_path / "validation", 2, seed=100)
    file = tmp_path / "small.toml"
    file.write_text(OWN, "utf-8")
    file.with_name("gan.toml").write_text(f'extends = "tiny.toml"\n{TINY_GAN}', "utf-8")
    file.with_name("tiny.toml").write_text(TINY_EXPERIMENT, "utf-8")
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
