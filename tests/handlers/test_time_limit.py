"""Ends a training after some time, that before a resume included."""

import pytest
import torch

import srcore
from srcore.errors import ConfigError
from srcore.handlers import time_limit
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using
from srcore.runs.ending import read_ending


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by ten minutes whenever it is looked at."""

    class Clock:
        now = 0.0

        def monotonic(self):
            self.now += 600
            return self.now

    monkeypatch.setattr(time_limit, "time", Clock())


def run(experiment, output, *overrides, **options):
    with using(PluginManager(discover=False)):
        run_experiment(srcore.load_experiment(experiment, overrides), output, **options)
    return read_ending(output / "tiny")


def test_a_run_ends_one_iteration_after_the_time(tiny_experiment, tmp_path, clock):
    # Ten minutes at the start, at each of 5 iterations, and at each of the checkpoints 2, 3, 3, 4.
    ending = run(tiny_experiment, tmp_path, 'handlers=[{type="time_limit",hours=1,minutes=20}]')
    assert ending.reason == "time limit of 1 h 20 min"
    assert ending.complete
    assert ending.iteration == 5


def test_time_before_a_resume_counts(tiny_experiment, tmp_path, clock):
    limit = 'handlers=[{type="time_limit",hours=10}]'
    assert not run(tiny_experiment, tmp_path, limit).is_early
    state = torch.load(tmp_path / "tiny/checkpoints/last.pt", weights_only=True)
    used = state["others"]["handlers.time_limit.time_limit"]["seconds"]
    assert used >= 6 * 600
    less = f'handlers=[{{type="time_limit",minutes={used / 60 - 1}}}]'
    ending = run(tiny_experiment, tmp_path, less, "train.iterations=9", resume=True)
    assert ending.iteration == 6, "it was over before it began"
    assert ending.is_early


def test_a_limit_of_nothing_is_found_by_the_check(tiny_experiment):
    with pytest.raises(ConfigError, match=r"handlers\[0\]\.hours: expected hours or minutes above"):
        srcore.load_experiment(tiny_experiment, ['handlers=[{type="time_limit"}]'])
