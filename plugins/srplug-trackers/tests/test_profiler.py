"""The profiler watches the chosen iterations, and changes nothing."""

import json

import pytest
from srplug_trackers.profiling import Profiler

from srcore.errors import ConfigError


def look(train, keys):
    return train(f'{{type="profiler", {keys}}}') / "plugins/profiler"


def test_chosen_iterations_are_written(train):
    folder = look(train, "start=2, iterations=2, every=3, rows=4, shapes=true, memory=true")
    assert sorted(path.name for path in folder.iterdir()) == [
        f"iteration_0000000{number}.{suffix}" for number in (2, 5) for suffix in ("json", "txt")
    ]
    trace = json.loads((folder / "iteration_00000002.json").read_text())["traceEvents"]
    assert sum(event["name"].startswith("Optimizer.step") for event in trace) == 2
    table = (folder / "iteration_00000002.txt").read_text()
    assert "Self CPU" in table
    assert "Input Shapes" in table


def test_weights_are_those_of_a_run_without_it(train):
    watched = (train('{type="profiler", start=2, iterations=3}') / "metrics.jsonl").read_bytes()
    assert (train("", overwrite=True) / "metrics.jsonl").read_bytes() == watched


def test_a_look_that_is_cut_off_writes_nothing(train):
    assert not look(train, "start=5, iterations=9").exists()


def test_looks_that_overlap_are_refused(train):
    with pytest.raises(ConfigError, match=r"every: expected 0 or at least 5, found 3"):
        look(train, "iterations=5, every=3")


@pytest.mark.parametrize(("every", "places"), [(0, [2]), (4, [2, 6, 10])])
def test_where_looks_begin(every, places):
    watching = Profiler(2, 1, every, 1, memory=False, shapes=False)
    assert [number for number in range(1, 12) if watching._place(number) == 0] == places
