import pytest

import srcore
from srcore.testing.tiny_images import write_tiny_images

EXPERIMENT = """
name = "tiny"
scale = 2
seed = 3
generator = { type = "edsr", num_features = 4, num_blocks = 1 }
losses = [{ type = "l1" }]
train = { iterations = 3, batch_size = 2, device = "cpu", tensorboard = false, validate_every = 3 }
[data]
train = { type = "hr_folder", hr = "train/images", hr_patch_size = 32, workers = 0 }
validation = { own = { type = "hr_folder", hr = "validation/images" } }
"""


@pytest.fixture(scope="session")
def workplace(tmp_path_factory):
    """A folder with images, an experiment and its run."""
    folder = tmp_path_factory.mktemp("workplace")
    write_tiny_images(folder / "train/images", height=64, width=64)
    write_tiny_images(folder / "validation/images", 2, height=48, width=48)
    (folder / "tiny.toml").write_text(EXPERIMENT, "utf-8")
    srcore.run(folder / "tiny.toml", folder / "runs")
    return folder


@pytest.fixture
def run(workplace):
    return workplace / "runs/tiny"
