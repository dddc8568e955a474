"""A small training of a velocity network that tests change."""

import json
import warnings

import pytest
import torch

import srcore
from srcore.launching.stages import run_experiment
from srcore.testing.tiny_images import write_tiny_images
from srcore.testing.weights import write_weights

FLOW = """
name = "small"
scale = 2
seed = 3

[generator]
type = "flow"
num_features = 4
num_blocks = 1
steps = 2

[method]
type = "flow_matching"

[[losses]]
type = "flow_matching"

[data.train]
type = "hr_folder"
hr = "train"
hr_patch_size = 32
workers = 0

[train]
iterations = 2
batch_size = 2
ema_decay = 0.9
ema_warmup = false
device = "cpu"
log_every = 1
checkpoint_every = 1
validate_every = 0
tensorboard = false
"""
ADVERSARIAL = """
extends = "small.toml"

[method]
type = "gan_flow_matching"

[discriminator]
type = "patch"
num_features = 4
num_layers = 1
"""
DISTILLED = """
extends = "small.toml"
method = { type = "flow_distillation" }
losses = [{ type = "l1", target = "teacher" }]

[generator]
steps = 1

[networks.teacher]
type = "flow"
num_features = 4
num_blocks = 1
steps = 3
weights = "teacher.safetensors"
"""


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """The file; images, a teacher and the files of the other methods lie beside it."""
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "train", 4, height=72, width=72)
    torch.manual_seed(1)
    write_weights(tmp_path / "teacher.safetensors", "flow", num_features=4, num_blocks=1, steps=3)
    for name, text in (("adversarial", ADVERSARIAL), ("distilled", DISTILLED), ("small", FLOW)):
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    return tmp_path / "small.toml"


@pytest.fixture
def train(tmp_path):
    """Run an experiment with overrides; its last state, and the values of every iteration."""

    def run(file, *overrides, output="run", resume=False):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*random")
            loaded = srcore.load_experiment(file, overrides)
            run_experiment(loaded, tmp_path / output, resume=resume, quiet=True)
        folder = tmp_path / output / "small"
        rows = map(json.loads, (folder / "metrics.jsonl").read_text("utf-8").splitlines())
        values = [row["values"] for row in rows if row["phase"] == "train"]
        return torch.load(folder / "checkpoints/last.pt", weights_only=True), values

    return run
