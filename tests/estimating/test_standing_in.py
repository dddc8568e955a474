"""What is not there is stood in for, and said; what is wrong is refused."""

import pytest

from srcore.errors import ConfigError
from srcore.estimating.standing_in import stand_in
from srcore.images import image_size
from srcore.testing.experiments import load_unchecked


def stood_in(name, tmp_path, *overrides, stage=-1):
    folder = tmp_path / "made_up"
    folder.mkdir()
    loaded = load_unchecked(name, overrides)
    return stand_in(*loaded.examine(loaded.stages[stage]), folder)


def test_what_is_there_is_taken(tiny_experiment, tmp_path):
    made = stood_in(tiny_experiment, tmp_path)
    assert (made.remarks, made.is_made_up) == ((), False)
    assert made.table["data"]["train"]["hr"] == str(tmp_path / "train")


def test_images_are_made_up_in_pairs(tmp_path):
    made = stood_in("spandrel/span_x4", tmp_path, stage=0)
    assert made.is_made_up
    train = made.table["data"]["train"]
    hr, lr = (sorted(tmp_path.joinpath(train[key]).iterdir()) for key in ("hr", "lr"))
    assert len(hr) == len(lr) > 1
    assert image_size(hr[0]) == (480, 480)
    assert image_size(lr[0]) == (120, 120)
    assert any("made-up images of 480x480 pixels" in remark for remark in made.remarks)


def test_an_earlier_stage_and_downloads_are_stood_in_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    made = stood_in("esrgan_x4", tmp_path)
    assert "weights" not in made.table["generator"]
    (perceptual,) = (it for it in made.table["losses"] if it["type"] == "perceptual")
    assert perceptual["weights"] == "random"
    assert any("VGG19" in remark for remark in made.remarks)


def test_weights_that_are_not_there_are_said(tiny_experiment, tmp_path):
    made = stood_in(tiny_experiment, tmp_path, "generator.weights=gone.safetensors")
    assert "weights" not in made.table["generator"]
    (remark,) = made.remarks
    assert remark.startswith("generator.weights: ")
    assert remark.endswith("gone.safetensors does not exist: measured with random weights")


def test_what_is_wrong_is_refused(tiny_experiment, tmp_path):
    with pytest.raises(ConfigError, match="accumulate"):
        stood_in(tiny_experiment, tmp_path, "train.accumulate=3")


def test_a_transform_whose_file_an_earlier_stage_writes_is_left_out(tmp_path):
    made = stood_in("usrdu/tiny", tmp_path)
    assert made.table["data"]["train"]["transforms"] == []
    assert (
        "data.train.transforms[0] (laplace_sampling) is left out: "
        "stage:dsn/generator.safetensors does not exist"
    ) in made.remarks
    assert sorted(it.name.partition("_")[2] for it in (tmp_path / "made_up").iterdir()) == [
        "hr",
        "lr",
    ]
