"""A tracker holds what metrics.jsonl holds, once, whatever happens to run and tracker."""

import importlib.util
import logging
import random
import threading

import attrs
import pytest
from srplug_trackers.handlers import WandB

from srcore.errors import MissingExtraError, SrcoreError
from srcore.plugin.manager import using
from srcore.testing.forked_runs import ForkedRun
from srcore.testing.killing import Changes


def test_it_holds_the_records_and_pictures_and_the_experiment(trial_of, recorder, recorded):
    run = trial_of(recorder, weights="best").run()
    lines = recorder().lines()
    assert recorder().told() == recorded(run)
    assert {step for name, step, _ in recorder().told() if name == "train/l1"} == set(range(1, 7))
    pictures = {line["iteration"]: line["pictures"] for line in lines if line.get("pictures")}
    assert pictures.keys() == {3, 6}
    assert all(name.startswith("tiny_") for names in pictures.values() for name in names)
    assert lines[0] == {"opened": "new", "name": "tiny"}
    assert lines[1]["settings"]["train.batch_size"] == 4
    assert lines[-2:] == [{"weights": "generator_best.safetensors"}, {"closed": True}]


def test_what_is_not_wanted_is_not_sent(trial_of, recorder):
    trial_of(recorder, pictures=False, run_name="other").run()
    lines = recorder().lines()
    assert not [line for line in lines if line.get("pictures") or "weights" in line]
    assert lines[0]["name"] == "other"


def test_weights_of_the_last_iteration(trial_of, recorder):
    trial_of(recorder, weights="last").run()
    assert {"weights": "generator.safetensors"} in recorder().lines()


def killed(trial, folder, at):
    """Kill a run before its n-th change, and resume it; whether it was killed, and the log."""
    with using(trial.plugins()):
        code, log, _ = ForkedRun(trial.load).run(trial.output, changes=Changes(folder, at=at))
        assert code in (0, -9), log
        if code:
            resumed, log, _ = ForkedRun(trial.load).run(trial.output, resume=True)
            assert resumed == 0, log
    return code == -9, log


def try_kills(trial_of, recorder, recorded, tmp_path, count, seed):
    """Sampled kills of runs with trackers that can be asked, and with those that cannot."""
    draw, kills = random.Random(seed), 0
    for number in range(count):
        folder = tmp_path / str(number)
        folder.mkdir()
        can_be_asked = number % 2 == 0
        options = {"folder": folder, "can_be_asked": can_be_asked}
        trial = trial_of(lambda options=options: recorder(**options))
        trial = attrs.evolve(trial, output=folder / "runs")
        is_killed, log = killed(trial, folder, draw.randint(20, 260))
        kills += is_killed
        told, expected = recorder(**options).told(), recorded(folder / "runs/tiny")
        places = [(name, step) for name, step, _ in told]
        assert len(places) == len(set(places)), f"told twice, kill {number}"
        if can_be_asked or "may be missing" not in log:
            assert sorted(told) == sorted(expected), f"kill {number}: {log}"
        else:
            assert set(told) <= set(expected)
    return kills


@pytest.mark.slow  # twelve runs in processes of their own
def test_nothing_is_lost_or_told_twice_by_a_kill(trial_of, recorder, recorded, tmp_path):
    trial_of(recorder).run()  # forked processes find all modules loaded
    assert try_kills(trial_of, recorder, recorded, tmp_path, 6, seed=3) >= 4


@pytest.mark.stress
def test_many_kills(trial_of, recorder, recorded, tmp_path, stress_result):
    trial_of(recorder).run()
    kills = try_kills(trial_of, recorder, recorded, tmp_path, 40, seed=4)
    stress_result("trackers_kills", runs=40, kills=kills, told_twice=0, lost_without_a_word=0)


@pytest.mark.slow  # two processes
def test_only_the_first_of_several_processes_tells(trial_of, recorder, recorded):
    trial = trial_of(recorder)
    with using(trial.plugins()):
        code, log, _ = ForkedRun(trial.load, 2).run(trial.output)
    assert code == 0, log
    assert sum("opened" in line for line in recorder().lines()) == 1
    assert recorder().told() == recorded(trial.output / "tiny")


class Failing:
    """Fails a number of times before it does what it should."""

    def __init__(self, made, left, method):
        self.made, self.left, self.method = made, left, method

    def __getattr__(self, name):
        if name == self.method and self.left:
            self.left.pop()
            raise ConnectionError("connection refused,\nno server")
        return getattr(self.made, name)


def warnings_of(caplog):
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("method", ["open", "describe", "tell"])
def test_a_failing_tracker_is_one_warning_and_gets_all_of_it_later(
    method, trial_of, recorder, recorded, caplog
):
    left = [1]
    run = trial_of(lambda: Failing(recorder(), left, method)).run()
    assert not left
    assert recorder().told() == recorded(run)
    (line,) = warnings_of(caplog)
    assert line.startswith(
        'handler "json": the tracker was not told (ConnectionError: connection refused, no server)'
    )


def test_a_tracker_that_never_answers_is_one_warning_and_told_by_a_resume(
    trial_of, recorder, recorded, caplog
):
    run = trial_of(lambda: Failing(recorder(), [1] * 99, "open")).run()
    assert len(warnings_of(caplog)) == 1
    assert not recorder().file.exists()
    trial = trial_of(recorder)
    trial.longer()
    trial.run(resume=True)
    assert recorder().told() == recorded(run)


def test_one_that_hangs_holds_up_nobody(trial_of, caplog):
    free = threading.Event()

    class Hanging:
        def open(self, subject, run):
            free.wait(60)
            raise ConnectionError("late")

    try:
        run = trial_of(Hanging, patience=0.1).run()
        assert (run / "finished.json").is_file()
        (line,) = warnings_of(caplog)
        assert "TimeoutError: no answer in 0.1 s" in line
    finally:
        free.set()


def test_it_ends_the_training_where_that_is_asked_for(trial_of, recorder):
    failing = Failing(recorder(), [1] * 99, "open")
    with pytest.raises(SrcoreError, match=r"the tracker was not told .*--resume goes on"):
        trial_of(lambda: failing, on_failure="stop").run()


def test_another_target_is_a_new_run_that_gets_all(trial_of, recorder, recorded):
    trial = trial_of(recorder)
    run = trial.run()
    (file,) = (run / "plugins/trackers").iterdir()
    file.rename(file.with_name("json_00000000.json"))  # as of another server
    recorder().file.unlink()
    trial.longer()
    trial.run(resume=True)
    assert recorder().lines()[0]["opened"] == "new"
    assert recorder().told() == recorded(run)


def test_a_missing_package_is_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    text = r"""handler "wandb" needs an optional package: pip install 'srplug-trackers\[wandb\]'"""
    with pytest.raises(MissingExtraError, match=text):
        WandB()
