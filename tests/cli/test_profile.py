"""``srcore profile``: where the time of a training goes, measured in a process of its own."""

import json
from pathlib import Path

import pytest

from srcore.profiling import profile
from srcore.profiling.compared_settings import ComparedSetting, ComparedSettings
from srcore.testing.commands import run_command
from tests.profiling.test_profile import FIGURES


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def jobs(monkeypatch):
    """What the process answers, without one; the tables that it was given."""
    given = []

    def try_experiment(table, plugins, job, folder, what, target):
        given.append(table)
        Path(job["trace"]).write_text("{}", "utf-8")
        return FIGURES

    monkeypatch.setattr(profile, "try_experiment", try_experiment)
    return given


def test_what_is_measured_is_printed(tiny_experiment, jobs, capsys, tmp_path):
    before = set(tmp_path.rglob("*"))
    code, out, err = run_command(capsys, "profile", tiny_experiment, "--steps", "3")
    assert (code, err) == (0, "")
    assert "together           100.00 ms  100.0%" in out
    assert "advice: " in out
    trace = tmp_path / "profile" / "tiny.trace.json"
    assert set(tmp_path.rglob("*")) == before | {trace.parent, trace}
    code, out, err = run_command(capsys, "profile", tiny_experiment)
    assert (code, out) == (2, "")
    assert err.endswith("tiny.trace.json: exists; --overwrite replaces it\n")


def test_values_can_be_had_as_json(tiny_experiment, jobs, capsys):
    code, out, _ = run_command(capsys, "profile", tiny_experiment, "--json", "--device", "mps")
    assert code == 0
    told = json.loads(out)
    (stage,) = told["stages"]
    assert (told["name"], stage["parts"]["data"]) == ("tiny", 0.03)
    assert jobs[0]["train"]["device"] == "mps"


def test_what_cannot_be_is_refused(tiny_experiment, capsys):
    code, _, err = run_command(capsys, "profile", tiny_experiment, "--steps", "0")
    assert (code, "--steps" in err) == (2, True)
    code, _, err = run_command(capsys, "profile", tiny_experiment, "--set", "train.accumulate=3")
    assert (code, "train.accumulate" in err) == (2, True)


@pytest.fixture
def comparing(monkeypatch):
    """What the comparison is to come to."""

    def use(**facts):
        known = {"label": "channels_last = true", "change": -0.1, "high": -0.05}
        told = ComparedSettings(
            (ComparedSetting(key="channels_last", value=True, **known, **facts),)
        )
        monkeypatch.setattr(profile, "compare", lambda *given: told)

    return use


def test_the_fastest_setting_that_changes_no_numbers_is_written(
    tiny_experiment, jobs, comparing, capsys
):
    before = tiny_experiment.read_text("utf-8")
    comparing(is_equal=False, losses=0.5, weights=0.25)
    code, out, _ = run_command(capsys, "profile", tiny_experiment, "--write")
    assert code == 0
    assert "nothing is written, since no quicker setting leaves all numbers as they are" in out
    assert "channels_last = true takes 10% less, but losses change by up to 0.5 of them" in out
    assert tiny_experiment.read_text("utf-8") == before
    comparing(is_equal=True)
    code, out, err = run_command(capsys, "profile", tiny_experiment, "--write", "--overwrite")
    assert (code, err) == (0, "")
    assert out.endswith("tiny.toml: train.channels_last = true is written\n")
    assert tiny_experiment.read_text("utf-8") == f"{before}channels_last = true\n"


def test_what_is_written_is_not_said_into_json(tiny_experiment, jobs, comparing, capsys):
    comparing(is_equal=True)
    code, out, err = run_command(capsys, "profile", tiny_experiment, "--write", "--json")
    assert (code, err.endswith("is written\n")) == (0, True)
    ((compared,),) = [it["comparison"]["tried"] for it in json.loads(out)["stages"]]
    assert (compared["label"], compared["is_equal"]) == ("channels_last = true", True)


def test_what_cannot_be_written_is_refused_first(jobs, capsys):
    code, out, err = run_command(capsys, "profile", "esrgan_tiny", "--write")
    assert (code, out, jobs) == (2, "", [])
    assert "expected a file of yours" in err


@pytest.mark.slow
def test_a_true_profile(tiny_experiment, capsys, tmp_path):
    code, out, err = run_command(capsys, "profile", tiny_experiment, "--json", "--steps", "2")
    assert (code, err) == (0, "")
    (stage,) = json.loads(out)["stages"]
    assert sum(stage["parts"].values()) == pytest.approx(stage["step_seconds"])
    trace = json.loads((tmp_path / stage["trace"]).read_text("utf-8"))
    assert any("srcore: loss l1" in it.get("name", "") for it in trace["traceEvents"])
