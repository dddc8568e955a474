"""A small experiment on unpaired images."""

import pytest

from srcore.testing import write_tiny_images

CYCLEGAN = """
name = "small"
scale = 2
seed = 3

[generator]
type = "compact"
num_features = 4
num_convs = 1

[networks.degradation]
type = "cyclegan_degradation"
num_features = 4
num_blocks = 1

[discriminator]
type = "patch"
num_features = 4
num_layers = 2
norm = "none"

[networks.lr_discriminator]
type = "patch"
num_features = 4
num_layers = 1
norm = "none"

[method]
type = "cyclegan"

[[losses]]
type = "l1"
weight = 10.0

[[losses]]
type = "adversarial"
mode = "lsgan"
weight = 0.5

[[losses]]
type = "mse"
name = "lr_mse"
for = "degradation"
weight = 20.0

[[losses]]
type = "adversarial"
name = "lr_adversarial"
for = "degradation"
mode = "lsgan"

[data.train]
type = "unpaired_folders"
hr = "clean"
lr = "real"
hr_patch_size = 32
workers = 0

[train]
iterations = 3
batch_size = 2
ema_decay = 0.0
device = "cpu"
log_every = 1
checkpoint_every = 1
tensorboard = false
"""


@pytest.fixture
def experiment(tmp_path):
    """Its file; images lie beside it."""
    write_tiny_images(tmp_path / "clean", 3, height=48, width=56)
    write_tiny_images(tmp_path / "real", 4, height=24, width=28, seed=5)
    file = tmp_path / "small.toml"
    file.write_text(CYCLEGAN)
    return file
