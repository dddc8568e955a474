"""Overrides of what stages set anew: none is lost in silence."""

import pytest

import srcore
from srcore.checking.experiment import load_experiment
from srcore.checking.unread_overrides import partly_read_overrides, unread_overrides
from srcore.errors import ConfigError
from srcore.plugin.manager import plugins

STAGES = """\
extends = "tiny.toml"
{shared}
[[stages]]
name = "first"
train = {{ iterations = 2, batch_size = 1 }}
losses = [{{ type = "l1" }}]
[[stages]]
name = "second"
from = "first"
train = {{ iterations = 3 }}
losses = [{{ type = "l1", weight = 2.0 }}]
"""


@pytest.fixture
def experiment(tiny_experiment):
    """The path of an experiment of two stages with these shared lines."""

    def write(shared=""):
        path = tiny_experiment.with_name("two.toml")
        path.write_text(STAGES.format(shared=shared))
        return path

    return write


def problems(path, *overrides):
    with pytest.raises(ConfigError) as caught:
        srcore.load_experiment(path, overrides)
    return [str(problem) for problem in caught.value.problems]


def remarks(path, *overrides):
    return [str(remark) for remark in srcore.load_experiment(path, overrides).remarks()]


@pytest.mark.parametrize("value", ["7", "abc"])
def test_override_that_every_stage_sets_itself_is_refused(experiment, value):
    assert problems(experiment(), f"train.iterations={value}")[:1] == [
        f"--set train.iterations={value}: train.iterations: no stage would read it: "
        '"first", "second" have their own (2 in "first"); name the stage: '
        "--set stages.first.train.iterations=..."
    ]


def test_so_is_one_inside_of_a_list(experiment):
    path = experiment('losses = [{ type = "mse" }]')
    assert len(problems(path, "losses[0].weight=0.5")) == 1


def test_override_that_some_stages_set_themselves_is_told(experiment):
    told = [it for it in remarks(experiment(), "train.batch_size=2") if "batch_size" in it]
    assert told == [
        '--set train.batch_size=2: train.batch_size: "first" has its own (1 in "first"); '
        "name the stage: --set stages.first.train.batch_size=..."
    ]


@pytest.mark.parametrize(
    "override", ["seed=4", "train.iterations=2", "stages.first.train.iterations=9", "name=other"]
)
def test_others_are_read_in_silence(experiment, override):
    path = experiment()
    if override == "train.iterations=2":  # what one stage has is no other value there
        path.write_text(path.read_text().replace("iterations = 3", "iterations = 2"))
    assert not [it for it in remarks(path, override) if "have" in it or "has its own" in it]


def test_a_stage_that_drops_the_key_is_told_of(experiment):
    path = experiment()
    path.write_text(path.read_text() + 'drop = ["seed"]\n')
    told = remarks(path, "seed=4")
    assert any('"second" has its own (dropped)' in it for it in told)


def test_start_of_a_stage_from_another_is_no_other_value(experiment):
    loaded = load_experiment(experiment(), ["generator.weights=x.safetensors"], plugins=plugins())
    of_stages = loaded.source, loaded.stages
    assert not [*unread_overrides(*of_stages), *partly_read_overrides(*of_stages)]


def test_an_experiment_without_stages_reads_everything(tiny_experiment):
    loaded = srcore.load_experiment(tiny_experiment, ["train.iterations=3"])
    assert not list(unread_overrides(loaded.source, loaded.stages))
