"""A run that starts with what another program has trained."""

import pytest
import torch

import srcore
from srcore.errors import SrcoreError
from srcore.launching.beginning import begun
from srcore.launching.stages import run_experiment
from srcore.testing import assert_same_state


def last(folder):
    state = torch.load(folder / "checkpoints/last.pt", weights_only=True)
    return {key: state[key] for key in ("networks", "optimizers", "iteration")}


def test_a_run_goes_on_from_the_state_that_it_was_given(tiny_experiment, tmp_path):
    settings = ("train.iterations=4", "train.ema_decay=0.0", "train.validate_every=0")
    loaded = srcore.load_experiment(tiny_experiment, settings)
    run_experiment(loaded, tmp_path / "whole", quiet=True)
    half = srcore.load_experiment(tiny_experiment, (*settings, "train.iterations=2"))
    run_experiment(half, tmp_path / "half", quiet=True)
    state = last(tmp_path / "half" / loaded.name)

    with begun(loaded, tmp_path / "begun") as training:
        training.parts.networks["generator"].load_state_dict(state["networks"]["generator"])
        optimizer = training.parts.updaters["generator"].optimizer
        optimizer.load_state_dict(state["optimizers"]["generator"])
        training.parts.iteration = state["iteration"]
    assert training.run.folder == tmp_path / "begun" / loaded.name
    run_experiment(loaded, tmp_path / "begun", resume=True, quiet=True)
    ends = [last(tmp_path / name / loaded.name) for name in ("whole", "begun")]
    assert ends[0]["iteration"] == 4
    assert_same_state(*ends)


def test_nothing_is_saved_where_filling_it_fails(tiny_experiment, tmp_path):
    loaded = srcore.load_experiment(tiny_experiment)
    with pytest.raises(ValueError, match="no such file"), begun(loaded, tmp_path):
        raise ValueError("no such file")
    assert not (tmp_path / loaded.name / "checkpoints").exists()


def test_an_earlier_run_is_not_replaced(tiny_experiment, tmp_path):
    loaded = srcore.load_experiment(tiny_experiment)
    with begun(loaded, tmp_path):
        pass
    with pytest.raises(SrcoreError, match="holds an earlier run"), begun(loaded, tmp_path):
        pass


def test_an_experiment_of_stages_is_refused(tiny_experiment, tmp_path):
    file = tiny_experiment.with_name("two.toml")
    stages = '\n[[stages]]\nname = "a"\n[[stages]]\nname = "b"\nfrom = "a"\n'
    file.write_text(tiny_experiment.read_text() + stages)
    loaded = srcore.load_experiment(file)
    with pytest.raises(SrcoreError, match="expected an experiment of one stage that trains"):
        begun(loaded, tmp_path).__enter__()
