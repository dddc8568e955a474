"""``srcore check --memory``: a stage that is short of memory is a warning."""

import json

import pytest

from srcore.estimating import fitting
from srcore.estimating.child import ProbeMemoryError
from srcore.testing.commands import run_command
from srcore.testing.experiments import load_checked
from tests.estimating.test_forecast import FIGURES


@pytest.fixture
def answer(monkeypatch):
    """Sets what the process that tries an experiment answers."""
    given = {}

    def try_experiment(table, plugins, job, folder, what):
        if isinstance(given["figures"], Exception):
            raise given["figures"]
        return given["figures"]

    monkeypatch.setattr(fitting, "try_experiment", try_experiment)
    return lambda figures: given.update(figures=figures)


def with_free(free):
    return {**FIGURES, "memory": {**FIGURES["memory"], "free": free}}


LARGEST = max(FIGURES["memory"][it] for it in ("training", "saving", "validation"))


@pytest.mark.parametrize(
    ("free", "count"), [(LARGEST * 2, 0), (LARGEST, 1), (int(LARGEST / 0.9) - 2, 1), (0, 0)]
)
def test_a_tenth_is_left_over(tiny_experiment, answer, free, count):
    answer(with_free(free))
    remarks = fitting.memory_remarks(load_checked(tiny_experiment))
    assert len(remarks) == count
    assert all(it.path == "train.batch_size" for it in remarks)


def test_check_warns_and_says_what_to_do(tiny_experiment, answer, capsys):
    answer(ProbeMemoryError("tiny: out of memory (no more)"))
    code, out, err = run_command(capsys, "check", tiny_experiment, "--memory")
    assert code == 0
    assert ": ok" in out
    assert "train.batch_size: tiny: out of memory (no more); a smaller train.batch_size" in err
    code, out, _ = run_command(capsys, "check", tiny_experiment, "--memory", "--json")
    (warning,) = json.loads(out)["warnings"]
    assert (code, warning["path"]) == (0, "train.batch_size")


def test_nothing_is_tried_unasked(tiny_experiment, answer, capsys):
    answer(AssertionError("tried"))
    code, _, err = run_command(capsys, "check", tiny_experiment)
    assert (code, err) == (0, "")


@pytest.mark.slow
def test_a_training_that_does_not_fit(tiny_experiment, monkeypatch):
    """A true probe, whose machine has hardly anything free."""
    from srcore.estimating import child

    def little(table, plugins, job, folder, what):
        figures = child.try_experiment(table, plugins, job, folder, what)
        return {**figures, "memory": {**figures["memory"], "free": 2**20}}

    monkeypatch.setattr(fitting, "try_experiment", little)
    (remark,) = fitting.memory_remarks(load_checked(tiny_experiment))
    assert remark.source == str(tiny_experiment)
    assert "1 MiB are free" in remark.message
    assert remark.path == "train.batch_size"
