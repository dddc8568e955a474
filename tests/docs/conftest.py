"""Pages of the documentation, and a folder in which their blocks work."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))  # the package "writers", which is in no distribution


@pytest.fixture(scope="session")
def small_generator(tmp_path_factory):
    """A weights file of a very small network."""
    import torch

    from srcore.testing.weights import write_weights

    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "generator.safetensors"
    write_weights(file, "edsr", num_features=8, num_blocks=1)
    return file


@pytest.fixture
def workspace(tmp_path, monkeypatch, small_generator):
    """An empty working directory with the example images, a photograph and weights."""
    from srcore.testing import write_tiny_images

    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(small_generator, tmp_path / "generator.safetensors")
    write_tiny_images(tmp_path / "photos", 1).joinpath("00.png").rename(tmp_path / "photo.png")
    (tmp_path / "photos").rmdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path
