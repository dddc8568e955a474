"""Trials that are known before the first one begins."""

from srcore.config.sweep_table import ParameterTable, SweepTable
from srcore.trials.listing import grid_size, listed_trials, random_trials

PARAMETERS = (
    ParameterTable(key="a", values=(1, 2)),
    ParameterTable(key="b", low=0.0, high=2.0, step=1.0),
)
RANGE = (ParameterTable(key="x", low=0.0, high=1.0), ParameterTable(key="y", low=1.0, high=2.0))


def test_a_grid_has_all_combinations_in_the_order_of_the_file():
    trials = listed_trials(SweepTable(search="grid", parameters=PARAMETERS))
    assert trials == [{"a": a, "b": b} for a in (1, 2) for b in (0, 1, 2)]
    assert grid_size(PARAMETERS) == 6


def test_equal_seeds_give_equal_trials_and_others_do_not():
    first = random_trials(SweepTable(parameters=RANGE, seed=3), 20)
    assert first == random_trials(SweepTable(parameters=RANGE, seed=3), 20)
    assert first != random_trials(SweepTable(parameters=RANGE, seed=4), 20)


def test_the_values_of_a_seed_stay_what_they_are():
    (trial,) = random_trials(SweepTable(parameters=RANGE, seed=0), 1)
    assert trial == {"x": 0.342684, "y": 1.69244}


def test_more_trials_begin_with_those_that_were_there():
    table = SweepTable(parameters=(*PARAMETERS, *RANGE))
    assert random_trials(table, 30)[:12] == random_trials(table, 12)


def test_no_trial_comes_twice_and_all_combinations_come():
    trials = random_trials(SweepTable(parameters=PARAMETERS), 20)
    assert len(trials) == 6
    assert len({tuple(it.values()) for it in trials}) == 6


def test_what_follows_from_results_is_not_listed():
    assert listed_trials(SweepTable(search="tpe", parameters=PARAMETERS)) is None
