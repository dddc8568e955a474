"""``srcore estimate``: what a training takes, measured in a process of its own."""

import json

import pytest

from srcore.estimating import estimate
from srcore.testing.commands import run_command
from tests.estimating.test_forecast import FIGURES


@pytest.fixture
def jobs(monkeypatch):
    """What the process answers, without one; the jobs that it was given."""
    given = []

    def try_experiment(table, plugins, job, folder, what):
        given.append((table, job, what))
        return FIGURES

    monkeypatch.setattr(estimate, "try_experiment", try_experiment)
    return given


def test_what_is_measured_is_printed(tiny_experiment, jobs, capsys, tmp_path):
    before = set(tmp_path.rglob("*"))
    code, out, err = run_command(capsys, "estimate", tiny_experiment, "--seconds", "2")
    assert (code, err) == (0, "")
    assert "measured: 3 true steps" in out
    ((table, job, what),) = jobs
    assert (job["seconds"], what, table["train"]["device"]) == (2.0, "tiny", "cpu")
    assert set(tmp_path.rglob("*")) == before


def test_values_can_be_had_as_json(tiny_experiment, jobs, capsys):
    code, out, _ = run_command(capsys, "estimate", tiny_experiment, "--json", "--device", "mps")
    assert code == 0
    told = json.loads(out)
    (stage,) = told["stages"]
    assert (told["name"], stage["how"], stage["memory_process"]) == ("tiny", "measured", 1400)
    assert jobs[0][0]["train"]["device"] == "mps"


def test_a_named_device_is_reckoned(tiny_experiment, jobs, capsys):
    code, out, _ = run_command(capsys, "estimate", tiny_experiment, "--device-like", "RTX 4090")
    assert code == 0
    assert "RTX 4090, reckoned and not measured" in out
    assert jobs[0][1]["seconds"] == 0


def test_a_stage_that_does_not_train_is_left_out(jobs, capsys):
    code, out, _ = run_command(capsys, "estimate", "usrdu/tiny")
    assert code == 0
    assert "does not train, so it is not estimated" in out
    assert len(jobs) == out.count("measured: ")
    assert "all stages: " in out


def test_a_device_that_cannot_be_is_refused(tiny_experiment, capsys):
    code, _, err = run_command(capsys, "estimate", tiny_experiment, "--device", "gpu")
    assert code == 2
    assert 'device: expected "auto", a device such as' in err


def test_what_is_wrong_with_the_experiment_is_told(tiny_experiment, capsys):
    code, _, err = run_command(capsys, "estimate", tiny_experiment, "--set", "train.accumulate=3")
    assert code == 2
    assert "train.accumulate" in err


@pytest.mark.slow
def test_a_true_estimate(tiny_experiment, capsys, tmp_path):
    before = set(tmp_path.rglob("*"))
    code, out, err = run_command(capsys, "estimate", tiny_experiment, "--json", "--seconds", "0")
    assert (code, err) == (0, "")
    (stage,) = json.loads(out)["stages"]
    assert stage["steps"] == 3
    assert stage["networks"][0]["type"] == "EDSR"
    assert 0 < stage["memory_training"] < 2**30
    assert set(tmp_path.rglob("*")) == before
