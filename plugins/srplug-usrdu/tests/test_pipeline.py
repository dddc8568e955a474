"""The three stages of the tiny experiment on the example images."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from srcore.api import load_generator
from srcore.cli.prepare import command as prepare
from srcore.errors import ConfigError
from srcore.images import image_size
from srcore.launching.stages import run_experiment
from srcore.testing.comparison import assert_same_state
from srcore.testing.experiments import load_checked

EXAMPLES = Path(__file__).parents[3] / "examples"

pytestmark = pytest.mark.filterwarnings("ignore:VGG19 with random weights")


@pytest.fixture(scope="module")
def degraded(tmp_path_factory):
    """A convincing unpaired set: degraded copies of the example images."""
    folder = tmp_path_factory.mktemp("degraded")
    arguments = ["degrade", str(EXAMPLES / "images/train"), str(folder), "--scale", "4"]
    degradation = ["--blur", "2", "--noise", "5", "--jpeg", "70", "--workers", "1"]
    result = CliRunner().invoke(prepare, [*arguments, *degradation], catch_exceptions=False)
    assert result.exit_code == 0
    return folder


@pytest.fixture
def experiment(tmp_path, degraded):
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "degraded").symlink_to(degraded)
    path = tmp_path / "tiny.toml"
    path.write_text('extends = "usrdu/tiny"\nname = "tiny"\n')
    return path


def run(experiment, output, overrides=(), **options):
    return run_experiment(load_checked(experiment, overrides), output, quiet=True, **options)


def last_state(folder):
    state = torch.load(folder / "checkpoints" / "last.pt", weights_only=True)
    return {key: value for key, value in state.items() if key not in ("best", "results")}


def test_three_stages_run_resume_and_skip_what_is_finished(experiment, tmp_path):
    shorter = ["train.iterations=4"]
    run(experiment, tmp_path / "whole", shorter)
    folder = tmp_path / "whole" / "tiny"
    lr = sorted((folder / "generate" / "lr").iterdir())
    originals = sorted((EXAMPLES / "images/train").glob("*.png"))
    assert [path.stem for path in lr] == [path.stem for path in originals]
    for low, high in zip(lr, originals, strict=True):
        assert image_size(low) == tuple(side // 4 for side in image_size(high))

    run(experiment, tmp_path / "parts", ["train.iterations=2"])
    parts = tmp_path / "parts" / "tiny"
    stamps = {path: path.stat().st_mtime_ns for path in (parts / "dsn").rglob("*.safetensors")}
    run(experiment, tmp_path / "parts", shorter, resume=True)
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert_same_state(last_state(parts / "srn"), last_state(folder / "srn"))

    log = (parts / "run.log").read_text()
    assert "dsn: finished earlier, skipped" in log
    assert "low-resolution images: 7 of 7 are there already" in log

    network = load_generator(folder / "srn" / "generator.safetensors")
    assert network(torch.rand(1, 3, 9, 7)).shape == (1, 3, 36, 28)


def test_missing_output_of_generate_is_one_line(experiment, tmp_path):
    once = ["train.iterations=1"]
    run(experiment, tmp_path / "runs", once)
    folder = tmp_path / "runs" / "tiny"
    (folder / "srn" / "finished.json").unlink()
    (folder / "generate" / "lr" / "astronaut.png").unlink()
    with pytest.raises(ConfigError) as caught:
        run(experiment, tmp_path / "runs", once, resume=True)
    assert re.search(
        r"data\.train\.lr: .*no partner for 1 of 7 images.*astronaut", str(caught.value)
    )
    shutil.rmtree(folder / "generate" / "lr")
    with pytest.raises(ConfigError) as caught:
        run(experiment, tmp_path / "runs", once, resume=True)
    assert re.search(r"data\.train\.lr: expected a folder; .*does not exist", str(caught.value))


@pytest.mark.slow
def test_two_processes_share_all_three_stages(experiment, tmp_path):
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2", "-m", "srcore", "run"]
    arguments = [experiment.name, "--output", "runs", "--set", "train.iterations=2", "--quiet"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *launch, *arguments],
        cwd=tmp_path,
        env=environment,
        check=True,
        timeout=500,
    )
    folder = tmp_path / "runs" / "tiny"
    assert len(list((folder / "generate" / "lr").iterdir())) == 7
    assert (folder / "srn" / "generator.safetensors").is_file()


STAGE_THREE = """
name = "other"
scale = 4
[generator]
type = "msrresnet"
num_features = 8
num_blocks = 1
[discriminator]
type = "patch"
num_layers = 2
num_features = 8
[method]
type = "gan"
[[losses]]
type = "charbonnier"
[[losses]]
type = "gaussian_l1"
border = "reflect"
[[losses]]
type = "adversarial"
mode = "lsgan"
weight = 0.01
[data.train]
type = "paired_folder"
hr = "examples/images/train"
lr = "{lr}"
hr_patch_size = 64
workers = 0
[[data.train.transforms]]
type = "laplace_sampling"
weights = "{weights}"
[train]
iterations = 2
batch_size = 2
device = "cpu"
"""


def test_sampled_images_serve_other_networks_losses_and_discriminators(experiment, tmp_path):
    run(experiment, tmp_path / "runs", ["train.iterations=1"])
    folder = tmp_path / "runs" / "tiny"
    other = tmp_path / "other.toml"
    weights = folder / "dsn" / "generator.safetensors"
    other.write_text(STAGE_THREE.format(lr=folder / "generate" / "lr", weights=weights))
    run(other, tmp_path / "runs")
    assert (tmp_path / "runs" / "other" / "generator.safetensors").is_file()


def test_dsn_is_validated_on_swapped_pairs(experiment, tmp_path):
    run(experiment, tmp_path / "runs", ["train.iterations=1"])
    folder = tmp_path / "runs" / "tiny"
    pairs = tmp_path / "pairs.toml"
    pairs.write_text(
        DSN.format(degraded=tmp_path / "degraded", weights=folder / "dsn" / "generator.safetensors")
    )
    table = run(pairs, tmp_path / "runs")
    assert "psnr" in table
    assert next((tmp_path / "runs/pairs/images").rglob("*.png")).stat().st_size > 0


DSN = """
name = "pairs"
scale = 4
[generator]
type = "usrdu_dsn"
num_features = 8
num_blocks = 1
feature_head = false
weights = "{weights}"
partial_weights = true
[discriminator]
type = "unet"
num_features = 8
[method]
type = "usrdu_dsn"
[[losses]]
type = "usrdu_data"
[[losses]]
type = "adversarial"
real = "lr"
[data.train]
type = "unpaired_folders"
hr = "examples/images/train"
lr = "{degraded}"
hr_patch_size = 64
workers = 0
[[data.train.transforms]]
type = "usrdu_reference"
[data.validation.pairs]
type = "paired_folder"
hr = "examples/images/train"
lr = "{degraded}"
[[data.validation.pairs.transforms]]
type = "swap_lr_hr"
[[metrics]]
type = "psnr"
y_channel = false
[train]
iterations = 1
batch_size = 2
device = "cpu"
"""
