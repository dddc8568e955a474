"""Shipped experiments, and what ``srcore check`` finds in wrong ones."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest

import srcore
from srcore.cli.main import main
from srcore.errors import ConfigError
from srcore.images import read_rgb, write_image
from srcore.launching.stages import run_experiment
from srcore.testing import write_tiny_images

IMAGES = Path(__file__).parents[3] / "examples" / "images"
FOLDERS = (
    f"data.train.hr={IMAGES / 'train'}",
    f"data.validation.examples.hr={IMAGES / 'validation'}",
)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    output = tmp_path_factory.mktemp("runs")
    loaded = srcore.load_experiment("esrdgan/tiny", FOLDERS)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*random.*")
        run_experiment(loaded, output, quiet=True)
    return output / "esrdgan_tiny"


def test_losses_stay_finite_for_the_whole_length(run_folder):
    rows = [json.loads(line) for line in (run_folder / "metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["phase"] == "train"]
    assert rows[-1]["iteration"] == 30
    values = [value for row in rows for value in row["values"].values()]
    assert all(math.isfinite(value) for value in values)
    names = {name for row in rows for name in row["values"]}
    assert {"l1", "perceptual", "adversarial", "adversarial_joint", "d_real", "d_fake"} <= names


def command(*arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    assert caught.value.code == 0


def test_its_checkpoint_upscales_and_is_evaluated_per_image(run_folder, tmp_path, capsys):
    weights = run_folder / "generator.safetensors"
    lr, sr, table = (tmp_path / name for name in ("lr.png", "sr.png", "table.csv"))
    write_image(lr, np.random.default_rng(0).integers(0, 256, (15, 21, 3), dtype=np.uint8))
    quietly = ("--quiet", "--device", "cpu")
    command("upscale", lr, "--weights", weights, "-o", sr, *quietly)
    assert read_rgb(sr).shape == (60, 84, 3)
    capsys.readouterr()
    pairs = {name: tmp_path / name for name in ("hr", "lr")}
    images = write_tiny_images(tmp_path / "images", 2)
    degrade = ("prepare", "degrade", images, pairs["lr"], "--workers", 1)
    command(*degrade, "--scale", 4, "--downscale", "opencv", "--hr-output", pairs["hr"])
    folders = ("--hr", pairs["hr"], "--lr", pairs["lr"])
    command("evaluate", weights, *folders, "--per-image", "--csv", table, *quietly)
    shown = capsys.readouterr().out
    for name in ("psnr", "ssim"):
        assert name in table.read_text().lower()
    for image in images.iterdir():
        assert image.stem in shown
        assert f",esrdgan_tiny,{image.stem}," in table.read_text()


def problems(*overrides):
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment("esrdgan/tiny", (*FOLDERS, *overrides))
    return str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("scale=3", "generator: esrdgan doubles the size: scale must be 1, 2, 4, 8 or 16, found"),
        (
            "data.train.hr_patch_size=128",
            "discriminator.input_size: expected data.train.hr_patch_size = 128, found 32; "
            "set input_size = 128",
        ),
        (
            "data.train.hr_patch_size=96",
            "found 32; set data.train.hr_patch_size = 32 (possible: 16, 32, 64, 128, 256, 512)",
        ),
        ("discriminator.input_size=100", "expected one of 16, 32, 64, 128, 256, 512, found 100"),
        (
            "method.labels.flip_probability=1.5",
            "method.labels.flip_probability: expected a number >= 0 and <= 1, found 1.5",
        ),
        ("method.labels.smoothing=-0.1", "expected a number >= 0 and <= 1, found -0.1"),
        ("generator.fusion_kernel_size=2", "expected an odd size, found 2"),
        ("generator.hr_kernel_size=7", "expected one of 3, 5, found 7"),
        ("discriminator.kernel_size=7", "expected one of 3, 5, found 7"),
        ("method.generator_every=0", "expected a number >= 1, found 0"),
    ],
)
def test_wrong_options_are_found_by_the_check(override, message):
    assert message in problems(override)


def test_all_problems_are_found_at_once():
    messages = problems("scale=3", "method.labels.smoothing=2.0", "generator.hr_kernel_size=7")
    assert messages.count("\n") >= 1
    assert "smoothing" in messages
    assert "hr_kernel_size" in messages


def test_a_training_without_patches_is_found(tmp_path):
    file = tmp_path / "whole.toml"
    base = [f'hr = "{IMAGES / "train"}"', 'type = "hr_folder"']
    file.write_text(
        'scale = 4\n[generator]\ntype = "esrdgan"\n[discriminator]\ntype = "esrdgan"\n'
        '[method]\ntype = "gan"\n[[losses]]\ntype = "adversarial"\n[data.train]\n' + "\n".join(base)
    )
    with pytest.raises(ConfigError, match=r"set data\.train\.hr_patch_size = 128"):
        srcore.load_experiment(file)
