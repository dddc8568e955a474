"""The README: its experiment runs; its table of what combines is the matrix that is tested."""

import importlib.util
import json
import math
import re
from pathlib import Path

import pytest
from writers.blocks import blocks

import srcore
from srcore.launching.stages import run_experiment
from srcore.testing import write_tiny_images

ROOT = Path(__file__).parents[2]
STRESS = json.loads((ROOT / "tests/stress/results/composition.json").read_text("utf-8"))
#: Choices of the matrix that are younger than its last run as a whole.
NOT_RUN_AT_ONCE = {"flow", "taught"}


def composition():
    spec = importlib.util.spec_from_file_location("matrix", ROOT / "tests/test_composition.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_combinations_is_the_matrix_of_the_tests():
    text = (ROOT / "README.md").read_text("utf-8")
    section = text[text.index("## What combines") : text.index("## Links")]
    rows = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \|$", section, re.MULTILINE)
    listed = [re.findall(r"`(\w+)`", parts) for _, parts in rows]
    matrix = composition()
    assert listed == [list(axis) for axis in matrix.AXES]
    cells = math.prod(map(len, listed))
    ran = math.prod(len({*axis} - NOT_RUN_AT_ONCE) for axis in listed)
    assert (
        f"`pytest -m stress` all {cells}, of which the "
        f"[{ran} without `flow` and `taught`](tests/stress/results/composition.json) were run."
    ) in section
    assert STRESS["figures"]["cells"] == ran
    assert f"`pytest -m slow` {len(matrix.SAMPLE)} others" in section


@pytest.mark.filterwarnings("ignore::srcore.errors.RandomWeightsWarning")
def test_the_experiment_runs(workspace):
    (block,) = (b for b in blocks(ROOT / "README.md", "toml") if "extends" in b.code)
    (workspace / "my_esrgan.toml").write_text(block.code)
    for folder, side in (("sub", 128), ("sub_x4", 32), ("validation", 32)):
        write_tiny_images(workspace / "photos" / folder, 2, height=side, width=side)
    tiny = (
        "generator.num_features=4", "generator.num_blocks=1", "generator.growth_channels=4",
        "data.train.workers=0", "train.batch_size=1", "train.device=cpu", "train.tensorboard=false",
        "stages.psnr.train.iterations=1", "stages.gan.train.iterations=1",
        "stages.gan.discriminator.num_features=8", "stages.gan.discriminator.head_dim=16",
        'stages.gan.discriminator.semantics={weights="random", width=8, blocks=[1, 1, 1]}',
        "stages.gan.losses[1].weights=random",
    )  # fmt: skip
    table = run_experiment(srcore.load_experiment("my_esrgan.toml", tiny))
    assert "holiday" in table
    assert (workspace / "runs/my_esrgan/gan/generator.safetensors").is_file()
