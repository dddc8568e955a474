"""True steps of a tiny training: every part is named, and all of them are the step."""

import contextlib
import json

import pytest

from srcore.engine.training import Training
from srcore.plugin.manager import plugins
from srcore.profiling.observer import Observer
from srcore.profiling.options import WARM_UP
from srcore.profiling.steps import TRACED, profile_stage
from srcore.testing.experiments import load_checked
from srcore.testing.pytest_plugin import TINY_GAN

GAN = {
    "data",
    "transform blur",
    "forward generator",
    "forward discriminator",
    "loss l1",
    "loss adversarial",
    "backward generator",
    "backward discriminator",
    "optimizer generator",
    "optimizer discriminator",
    "average",
    "other",
}


def profiled(file, folder, *overrides, steps=2):
    loaded = load_checked(file, overrides)
    folder.mkdir()
    experiment = loaded.experiment(loaded.stages[0])
    trace = folder / "trace.json"
    figures = profile_stage(experiment, plugins(), folder, steps=steps, trace=str(trace))
    return figures, json.loads(trace.read_text("utf-8"))


@pytest.fixture
def tiny_gan(tiny_experiment):
    table = tiny_experiment.read_text("utf-8").replace('[[losses]]\ntype = "l1"\n', TINY_GAN)
    tiny_experiment.write_text(table, "utf-8")
    return tiny_experiment


def test_parts_of_a_step_are_the_step_and_have_the_names_of_the_experiment(tiny_gan, tmp_path):
    before = set(tmp_path.iterdir())
    transforms = 'data.train.transforms=[{type="blur"}]'
    figures, trace = profiled(tiny_gan, tmp_path / "probe", transforms)
    assert set(tmp_path.iterdir()) == before | {tmp_path / "probe"}
    parts = figures["parts"]
    assert GAN | {"transform"} == parts.keys()
    assert sum(parts.values()) == pytest.approx(figures["step_seconds"])
    assert all(took > 0 for took in parts.values())
    named = [it["name"] for it in trace["traceEvents"] if "srcore: " in it.get("name", "")]
    assert {it.removeprefix("srcore: ") for it in named} == parts.keys() - {"other"}
    assert named.count("srcore: backward generator") == TRACED
    assert {"reading", "forward generator", "metric psnr", "pictures"} < {
        *figures["validation_parts"]
    }
    assert (figures["validated"], figures["validation_images"]) == (2, 2)
    validated = sum(figures["validation_parts"].values())
    assert figures["validation_seconds"] == pytest.approx(2 * validated)


def test_looking_changes_no_numbers(tiny_experiment, tmp_path, monkeypatch):
    """Steps that are watched and traced are those of the training."""
    losses = []
    iterate = Training.iterate

    def noted(training, engine, raw):
        logs = iterate(training, engine, raw)
        losses.append(float(logs["l1"]))
        return logs

    monkeypatch.setattr(Training, "iterate", noted)
    profiled(tiny_experiment, tmp_path / "watched")
    watched = [*losses]
    losses.clear()
    monkeypatch.setattr(Observer, "watching", lambda self: contextlib.nullcontext())
    profiled(tiny_experiment, tmp_path / "alone")
    assert watched == losses
    assert len(losses) == len(set(losses)) == WARM_UP + 2 + TRACED


def test_a_training_without_validation_has_none(tiny_experiment, tmp_path):
    text = tiny_experiment.read_text("utf-8")
    before, after = text.split("[data.validation.tiny]")
    tiny_experiment.write_text(before + after[after.index("[train]") :], "utf-8")
    figures, _ = profiled(tiny_experiment, tmp_path / "probe", steps=1)
    assert (figures["validation_parts"], figures["validation_seconds"]) == ({}, 0.0)
