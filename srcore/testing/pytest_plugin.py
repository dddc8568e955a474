"""Options, markers and fixtures that installing srcore gives to pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--golden-root``."""
    group = parser.getgroup("srcore")
    group.addoption(
        "--golden-root",
        type=Path,
        default=None,
        metavar="DIR",
        help="run the golden cases below DIR (DIR/<method>/manifest.json), not the committed ones",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give one ``golden_case`` per case to tests of modules that declare ``GOLDEN_METHODS``.

    ``GOLDEN_METHODS`` lists method names; the committed cases lie in ``golden/<method>`` beside
    the test module.
    """
    if "golden_case" not in metafunc.fixturenames:
        return
    from srcore.testing.golden import golden_parameters

    module: Any = metafunc.module
    root = metafunc.config.getoption("--golden-root")
    root = Path(root) if root else Path(module.__file__).parent / "golden"
    parameters = [
        parameter
        for method in module.GOLDEN_METHODS
        for parameter in golden_parameters(root, method)
    ]
    metafunc.parametrize("golden_case", parameters)


@pytest.fixture
def isolated_plugins() -> Iterator[Any]:
    """A plugin manager that holds the core only; plugins are added with ``extra`` by hand."""
    from srcore.plugin.manager import PluginManager, using

    with using(PluginManager(discover=False)) as manager:
        yield manager


@pytest.fixture
def tiny_images(tmp_path: Path) -> Path:
    """A folder of six small images."""
    from srcore.testing.tiny_images import write_tiny_images

    return write_tiny_images(tmp_path / "images")


@pytest.fixture
def tiny_experiment(tmp_path: Path) -> Path:
    """An experiment on disk that trains a very small network on six small images.

    It validates on two more and takes a few seconds; tests extend or override it.
    """
    from srcore.testing.tiny_images import write_tiny_images

    write_tiny_images(tmp_path / "train")
    write_tiny_images(tmp_path / "validation", 2, seed=100)
    file = tmp_path / "tiny.toml"
    file.write_text(TINY_EXPERIMENT, "utf-8")
    return file


@pytest.fixture
def torchrun_variables(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Set what torchrun gives to process ``rank`` of ``world_size`` on one machine."""

    def set_variables(rank: int, world_size: int) -> None:
        for name, value in (
            ("RANK", rank),
            ("LOCAL_RANK", rank),
            ("WORLD_SIZE", world_size),
            ("LOCAL_WORLD_SIZE", world_size),
            ("MASTER_ADDR", "127.0.0.1"),
            ("MASTER_PORT", 29500),
        ):
            monkeypatch.setenv(name, str(value))

    return set_variables


TINY_EXPERIMENT = """\
name = "tiny"
scale = 2

[generator]
type = "edsr"
num_features = 8
num_blocks = 1

[[losses]]
type = "l1"

[data.train]
type = "hr_folder"
hr = "train"
hr_patch_size = 32
workers = 0

[data.validation.tiny]
type = "hr_folder"
hr = "validation"

[train]
iterations = 6
batch_size = 4
device = "cpu"
log_every = 2
checkpoint_every = 2
validate_every = 3
ema_decay = 0.9
tensorboard = false
"""

#: What makes the tiny experiment an adversarial training.
TINY_GAN = """\
[discriminator]
type = "patch"
num_layers = 1
num_features = 4

[method]
type = "gan"

[[losses]]
type = "l1"
[[losses]]
type = "adversarial"
weight = 0.1

"""
