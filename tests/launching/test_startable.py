"""What keeps an experiment from being started is known before anything is done."""

import os

import pytest

from srcore.errors import ConfigError, SrcoreError
from srcore.launching.startable import refuse_lost_restarts, startable
from srcore.machine.processes import LaunchError
from srcore.testing.experiments import load_checked


def test_stages_and_where_they_compute(tiny_experiment, tmp_path):
    experiments, devices = startable(load_checked(tiny_experiment), tmp_path / "runs")
    assert [it.name for it in experiments] == ["tiny"]
    assert [str(it) for it in devices] == ["cpu"]
    assert not (tmp_path / "runs").exists()


def test_a_device_that_is_not_here_is_refused(tiny_experiment, tmp_path):
    loaded = load_checked(tiny_experiment, ["train.device=cuda:99"])
    with pytest.raises(SrcoreError, match=r"train\.device"):
        startable(loaded, tmp_path / "runs")


def test_a_run_that_would_read_what_it_writes_is_refused(tiny_experiment, tmp_path):
    loaded = load_checked(tiny_experiment, ["data.train.recursive=true"])
    with pytest.raises(ConfigError, match=r"data\.train"):
        startable(loaded, tmp_path / "train")


def test_deterministic_products_are_asked_for_before_the_first(
    tiny_experiment, tmp_path, monkeypatch
):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    startable(load_checked(tiny_experiment, ["train.deterministic=true"]), tmp_path / "runs")
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    startable(load_checked(tiny_experiment, ["train.deterministic=true"]), tmp_path / "runs")
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":16:8"


def test_restarts_that_would_delete_are_refused(torchrun_variables, monkeypatch):
    assert refuse_lost_restarts(resume=False, overwrite=True) == ""
    torchrun_variables(0, 2)
    assert refuse_lost_restarts(resume=False, overwrite=True) == ""
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "3")
    assert refuse_lost_restarts(resume=True, overwrite=False) == ""
    assert "up to 3 times (--max-restarts), which then stops" in refuse_lost_restarts(
        resume=False, overwrite=False
    )
    with pytest.raises(LaunchError, match=r"^--overwrite: torchrun .* use --resume") as caught:
        refuse_lost_restarts(resume=False, overwrite=True)
    assert caught.value.exit_code == 2
