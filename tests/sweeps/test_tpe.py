"""Optuna proposes; what it proposes follows from seed, number and the trials before alone."""

import sys

import pytest

from srcore.config.sweep_table import ParameterTable, SweepTable
from srcore.errors import MissingExtraError
from srcore.sweeps.state import SweepTrial
from srcore.sweeps.tpe import chosen_by_tpe
from srcore.trials.metric import SweepMetric

METRIC = SweepMetric("tiny", "psnr", "", higher_is_better=True)
TABLE = SweepTable(
    search="tpe",
    random_trials=5,
    parameters=(
        ParameterTable(key="x", low=0.0, high=10.0),
        ParameterTable(key="rate", low=1e-6, high=1e-2, log=True),
        ParameterTable(key="width", low=16.0, high=64.0, step=16.0),
        ParameterTable(key="kind", values=("a", True, 1, 2.5)),
    ),
)


def chosen(trials, number, table=TABLE, metric=METRIC):
    pytest.importorskip("optuna")
    return chosen_by_tpe(table, metric, trials, number)


def searched(count, metric=METRIC, table=TABLE):
    """Trials whose value is the better the nearer x is to 7."""
    trials = []
    for number in range(count):
        values = chosen(trials, number, table, metric)
        sign = -1 if metric.higher_is_better else 1
        trials.append(SweepTrial(number, values, "complete", sign * abs(values["x"] - 7), 1))
    return trials


def test_values_lie_where_they_may():
    for trial in searched(12):
        assert 0 <= trial.values["x"] <= 10
        assert 1e-6 <= trial.values["rate"] <= 1e-2
        assert trial.values["width"] in (16, 32, 48, 64)
        assert any(trial.values["kind"] is it for it in ("a", True, 1)) or (
            trial.values["kind"] == 2.5
        )


def test_equal_histories_give_equal_choices():
    assert searched(8) == searched(8)
    other = SweepTable(search="tpe", random_trials=5, parameters=TABLE.parameters, seed=1)
    assert searched(2, table=other) != searched(2)


@pytest.mark.parametrize("higher", [True, False])
def test_it_goes_where_values_are_good(higher):
    metric = SweepMetric("tiny", "psnr", "", higher_is_better=higher)
    trials = searched(40, metric)
    late = [abs(it.values["x"] - 7) for it in trials[20:]]
    assert sum(late) / len(late) < 1.5, "by lot it would be about 2.9"


def test_open_and_failed_trials_say_nothing():
    known = searched(6)
    silent = [*known, SweepTrial(6, known[0].values), SweepTrial(7, known[1].values, "failed")]
    assert chosen(known, 8) == chosen(silent, 8)


def test_trials_that_were_ended_early_count():
    known = searched(3)  # fewer than are chosen by lot
    bad = {"x": 0.5, "rate": 1e-3, "width": 16, "kind": "a"}
    more = [*known, *(SweepTrial(3 + it, bad, "pruned", -9.0, 2) for it in range(4))]
    assert chosen(known, 9) != chosen(more, 9)


def test_what_to_install_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'srcore\[sweep\]'"):
        chosen_by_tpe(TABLE, METRIC, [], 0)
