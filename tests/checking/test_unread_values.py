import pytest

from srcore.errors import ConfigError
from srcore.testing import write_tiny_images
from srcore.testing.experiments import load_checked

SHARED = """
scale = 2
[generator]
type = "edsr"
[[losses]]
type = "l1"
[data.train]
type = "hr_folder"
hr = "nowhere"
hr_patch_size = 16
[train]
iterations = 10
"""
STAGES = """
[[stages]]
name = "a"
data.train.hr = "images"
train.iterations = 3
losses = [{ type = "mse" }]
[[stages]]
name = "b"
data.train.hr = "images"
train.iterations = 4
losses = [{ type = "mse" }]
"""


@pytest.fixture
def checked(tmp_path):
    write_tiny_images(tmp_path / "images", 2, height=32, width=32)

    def check(old="", new="", stages=STAGES):
        text = SHARED.replace(old, new) if old else SHARED
        assert not old or text != SHARED
        (tmp_path / "experiment.toml").write_text(text + stages)
        return load_checked(tmp_path / "experiment.toml")

    return check


def test_a_path_that_every_stage_overrides_need_not_be_there(checked):
    assert [stage.name for stage in checked().stages] == ["a", "b"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("iterations = 10", 'iterations = "x"', r"train\.iterations: expected a whole number"),
        ("iterations = 10", "iterations = 0", r"train\.iterations: expected a number >= 1"),
        ('type = "l1"', 'type = "l7"', r"losses\[0\]\.type: no loss"),
        ('type = "l1"', 'type = "l1"\nweigth = 1', r"losses\[0\]\.weigth: unknown key"),
        ('"nowhere"', "3", r"data\.train\.hr: expected a path"),
    ],
)
def test_what_every_stage_overrides_is_checked(checked, old, new, message):
    with pytest.raises(ConfigError, match=rf"\bexperiment\.toml: {message}"):
        checked(old, new)


def test_what_every_stage_drops_is_checked(checked):
    stages = STAGES.replace("train.iterations", 'drop = ["seed"]\ntrain.iterations')
    checked("scale = 2", "scale = 2\nseed = 3", stages)
    with pytest.raises(ConfigError, match="seed: expected a whole number"):
        checked("scale = 2", "scale = 2\nseed = 'x'", stages)


def test_what_one_stage_has_is_told_once(checked):
    with pytest.raises(ConfigError) as caught:
        checked("iterations = 10", "iteration = 10")
    assert len(caught.value.lines) == 1


def test_stages_that_are_left_out_are_checked(checked):
    first = 'scale = 2\nfirst_stage = "b"'
    stages = STAGES.replace('"images"', '"elsewhere"', 1)
    assert [stage.name for stage in checked("scale = 2", first, stages).stages] == ["b"]
    stages = stages.replace("train.iterations = 3", "train.iteration = 3")
    with pytest.raises(ConfigError, match=r"stages\[0\]\.train\.iteration: unknown key"):
        checked("scale = 2", first, stages)
