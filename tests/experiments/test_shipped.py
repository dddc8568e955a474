"""The core's shipped experiments: all are valid, and the tiny ones train."""

import json
import math
import re
from pathlib import Path

import pytest

from srcore.api import load_generator
from srcore.config.reading import locate, read_experiment
from srcore.errors import ConfigError
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import plugins
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_checked, load_unchecked

ROOT = Path(__file__).parents[2]
LARGE = ("psnr_rrdb_x4", "esrgan_x4", "realesrgan_x4", "small")
TINY = {
    "psnr_rrdb_tiny": [""],
    "esrgan_tiny": ["psnr", "gan"],
    "realesrgan_tiny": ["net", "gan"],
}


@pytest.fixture
def example_images(tmp_path, monkeypatch):
    """A working directory with small images where the shipped experiments look for examples."""
    for folder, count in (("train", 4), ("validation", 1)):
        write_tiny_images(tmp_path / "examples/images" / folder, count, height=168, width=176)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_core_ships_these_experiments():
    shipped = {
        name for name, (_, owner) in plugins().registry.experiments().items() if owner == "srcore"
    }
    assert shipped == {*LARGE, *TINY}


@pytest.mark.parametrize("name", [*LARGE, *TINY])
def test_the_first_line_says_what_it_is(name):
    first = locate(name, registry=plugins().registry).read_text("utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert len(first) > 20
    assert load_unchecked(name).name == name


@pytest.mark.parametrize("name", LARGE)
def test_large_experiments_lack_nothing_but_data(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_checked(name)
    for problem in caught.value.problems:
        assert "does not exist" in problem.message, str(problem)
        assert problem.path.startswith("data."), str(problem)


def _folders(table):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _folders(value)
        elif key in ("lr", "hr") and isinstance(value, str):
            yield value


@pytest.mark.parametrize("name", sorted(plugins().registry.experiments()))
def test_folders_of_images_are_those_of_its_scale(name):
    table = read_experiment(name, plugins().registry).table
    scales = {stage.get("scale", table.get("scale")) for stage in table.get("stages", [{}])}
    text = " ".join(_folders(table.get("data", {})))
    assert {int(number) for number in re.findall(r"[_/]x(\d+)", text, re.IGNORECASE)} <= scales


def test_small_trains_x4_from_the_trunk_of_x2(example_images):
    overrides = [f"stages.{stage}.train.iterations=2" for stage in ("x2", "x4")]
    folder = example_images / "examples/images/train"
    loaded = load_checked("small", [f"data.train.hr={folder}", "data.train.workers=0", *overrides])
    run_experiment(loaded, example_images / "runs", quiet=True)
    runs = example_images / "runs/small"
    for scale in (2, 4):
        assert load_generator(runs / f"x{scale}/generator.safetensors").scale == scale
    log = (runs / "run.log").read_text("utf-8")
    assert "holds x2 weights, but the network is x4; 32 tensors fit" in log


@pytest.mark.parametrize("name", TINY)
def test_tiny_experiments_pass_the_check_at_the_root_of_the_repository(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    load_checked(name)


@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
@pytest.mark.parametrize("name", TINY)
def test_tiny_experiments_train(name, example_images):
    overrides = ["train.log_every=1", "train.checkpoint_every=2", "data.train.workers=0"]
    loaded = load_unchecked(name, overrides)
    for stage in loaded.stages:
        stage.table["train"] |= {"iterations": 2, "log_every": 1}
    table = run_experiment(loaded, example_images / "runs", quiet=True)
    assert "photographs" in table
    for stage in TINY[name]:
        folder = example_images / "runs" / name / stage
        for file in (
            "experiment.toml",
            "metrics.csv",
            "metrics.jsonl",
            "generator.safetensors",
            "generator_best.safetensors",
            "checkpoints/last.pt",
            "checkpoints/best.pt",
            "finished.json",
        ):
            assert (folder / file).is_file(), file
        assert list((folder / "images").rglob("*.png"))
        rows = list(map(json.loads, (folder / "metrics.jsonl").read_text().splitlines()))
        training = [row for row in rows if row["phase"] == "train"]
        assert [row["iteration"] for row in training] == [1, 2]
        for row in rows:
            assert all(map(math.isfinite, row["values"].values())), row
        if stage == "gan":
            assert training[0]["values"].keys() >= {
                "l1", "perceptual", "adversarial", "adversarial_real", "adversarial_fake",
                "d_real", "d_fake", "learning_rate/generator", "learning_rate/discriminator",
                "gradient_norm/generator", "gradient_norm/discriminator",
            }  # fmt: skip
        assert load_generator(folder / "generator.safetensors").scale == 4


@pytest.mark.filterwarnings("ignore:VGG19 with random weights")
def test_random_feature_weights_are_warned_of_in_every_runs_log(example_images):
    small = ["data.train.hr_patch_size=128", "train.batch_size=1"]
    for run in ("first", "second"):
        loaded = load_unchecked("esrgan_tiny", [*small, f"name={run}"])
        for stage in loaded.stages:
            stage.table["train"] |= {"iterations": 1}
        run_experiment(loaded, example_images / "runs", quiet=True)
        log = (example_images / "runs" / run / "run.log").read_text("utf-8")
        assert "WARNING" in log
        assert "VGG19 with random weights: features mean nothing" in log


def test_the_second_stage_starts_from_the_first():
    for name, first, second in (("esrgan_x4", "psnr", "gan"), ("realesrgan_x4", "net", "gan")):
        stages = load_unchecked(name).stages
        assert [stage.name for stage in stages] == [first, second]
        weights = stages[1].table["generator"]["weights"]
        assert weights == f"stage:{first}/generator.safetensors"


def test_published_hyper_parameters_reach_the_stages():
    psnr, gan = load_unchecked("esrgan_x4").stages
    assert psnr.table["losses"] == [{"type": "l1"}]
    assert psnr.table["optimizer"]["generator"]["learning_rate"] == 2e-4
    assert "discriminator" not in psnr.table
    weights = {loss["type"]: loss["weight"] for loss in gan.table["losses"]}
    assert weights == {"l1": 1e-2, "perceptual": 1.0, "adversarial": 5e-3}
    for network in ("generator", "discriminator"):
        assert gan.table["optimizer"][network] == {
            "type": "adam",
            "learning_rate": 1e-4,
            "betas": [0.9, 0.99],
        }
        assert gan.table["schedule"][network]["milestones"] == [50000, 100000, 200000, 300000]
    assert gan.table["train"]["iterations"] == 400000
    assert gan.table["train"]["batch_size"] == 16

    net, gan = load_unchecked("realesrgan_x4").stages
    assert net.table["train"]["iterations"] == 1000000
    assert gan.table["train"]["iterations"] == 400000
    assert [loss.get("weight", 1.0) for loss in gan.table["losses"]] == [1.0, 1.0, 0.1]
    assert [loss.get("target") for loss in gan.table["losses"][:2]] == ["hr_sharpened"] * 2
