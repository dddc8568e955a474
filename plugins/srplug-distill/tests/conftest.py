"""A student with a trained teacher that tests change."""

import json
import math
import warnings

import pytest
import torch

import srcore
from srcore.testing.pytest_plugin import TINY_EXPERIMENT, TINY_GAN
from srcore.testing.tiny_images import write_tiny_images
from srcore.testing.weights import write_weights

TEACHER = """
[networks.teacher]
type = "compact"
num_features = 4
num_convs = 1
weights = "teacher.safetensors"
"""
TRAIN = "iterations = 2, batch_size = 2, log_every = 1, checkpoint_every = 1, validate_every = 0"
STUDENT = f"""
extends = "tiny.toml"
name = "student"
method = {{ type = "distillation" }}
losses = [{{ type = "l1", target = "teacher" }}]
train = {{ {TRAIN} }}
{TEACHER}
"""
ADVERSARIAL = f"""
extends = "gan.toml"
name = "student"
method = {{ type = "gan_distillation" }}
train = {{ {TRAIN} }}
[[losses]]
type = "l1"
target = "teacher"
[[losses]]
type = "adversarial"
{TEACHER}
"""


@pytest.fixture
def student(tmp_path, monkeypatch):
    """The file of an experiment whose folders and teacher exist."""
    monkeypatch.chdir(tmp_path)
    write_tiny_images(tmp_path / "train", 4, height=64, width=64)
    write_tiny_images(tmp_path / "validation", 2, seed=100)
    write_weights(tmp_path / "teacher.safetensors", "compact", num_features=4, num_convs=1)
    (tmp_path / "tiny.toml").write_text(TINY_EXPERIMENT, "utf-8")
    (tmp_path / "gan.toml").write_text(f'extends = "tiny.toml"\n{TINY_GAN}', "utf-8")
    (tmp_path / "adversarial.toml").write_text(ADVERSARIAL, "utf-8")
    file = tmp_path / "student.toml"
    file.write_text(STUDENT, "utf-8")
    return file


@pytest.fixture
def train(tmp_path):
    """Run an experiment with overrides; gives the values logged in every iteration."""

    def run(file, *overrides, output="run"):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*random")
            srcore.run(srcore.load_experiment(file, overrides), tmp_path / output)
        lines = (tmp_path / output / "student/metrics.jsonl").read_text("utf-8").splitlines()
        return [row["values"] for row in map(json.loads, lines) if row["phase"] == "train"]

    return run


@pytest.fixture
def features():
    """Random features of a shape, in float64; the same for the same seed."""

    def draw(*shape, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(shape, dtype=torch.float64, generator=generator)

    return draw


@pytest.fixture
def naive_affinity():
    """Affinity matrices of features ``(N, C, H, W)`` by loops over rows."""

    def compute(maps, kind):
        if kind == "instance":
            groups = [[image.flatten().tolist() for image in maps]]
        elif kind == "channel":
            groups = [[channel.flatten().tolist() for channel in image] for image in maps]
        else:
            height, width = maps.shape[2:]
            places = [(y, x) for y in range(height) for x in range(width)]
            groups = [[image[:, y, x].tolist() for y, x in places] for image in maps]
        matrices = [[[_cosine(one, two) for two in rows] for one in rows] for rows in groups]
        return torch.tensor(matrices, dtype=torch.float64)

    return compute


def _cosine(one, two):
    lengths = [math.sqrt(sum(value * value for value in row)) for row in (one, two)]
    return sum(a * b for a, b in zip(one, two, strict=True)) / (lengths[0] * lengths[1])
