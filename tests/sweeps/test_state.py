"""``sweep.json`` says all that a sweep must know to go on."""

import json

import pytest

from srcore.errors import SrcoreError
from srcore.sweeps.state import SweepState, SweepTrial, best_trial, ranked, read_sweep, write_sweep

TRIALS = (
    SweepTrial(0, {"a.b": 1e-4, "c": "x", "d": True}, "complete", 30.5, 400),
    SweepTrial(1, {"a.b": 1e-3}, "failed", cause="loss is NaN"),
    SweepTrial(2, {"a.b": 1e-2}, "pruned", 29.0, 100, "worse"),
    SweepTrial(3, {"a.b": 1e-1}),
    SweepTrial(4, {"a.b": 1.0}, "complete", 31.5, 200),
)
STATE = SweepState({"search": "grid"}, {"scale": 2}, TRIALS)


def test_what_is_written_is_read(tmp_path):
    write_sweep(tmp_path / "sweep.json", STATE)
    assert read_sweep(tmp_path / "sweep.json") == STATE
    assert read_sweep(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"format": 2}',
        "\x80",
        json.dumps({"format": 1, "asked": {}, "experiment": {}, "trials": [{"number": 1}]}),
        json.dumps(
            {
                "format": 1,
                "asked": {},
                "experiment": {},
                "trials": [{"number": 0, "values": {}, "state": "gone"}],
            }
        ),
        json.dumps(
            {"format": 1, "asked": {}, "experiment": {}, "trials": [{"number": 1, "values": {}}]}
        ),
    ],
)
def test_a_damaged_file_is_one_line(content, tmp_path):
    (tmp_path / "sweep.json").write_text(content, "latin-1")
    with pytest.raises(SrcoreError, match=r"sweep\.json: is damaged, or of another version"):
        read_sweep(tmp_path / "sweep.json")


def test_a_trial_takes_the_place_of_the_one_of_its_number():
    state = STATE.with_trial(SweepTrial(3, {"a.b": 1e-1}, "complete", 1.0, 2))
    assert [it.number for it in state.trials] == [0, 1, 2, 3, 4]
    assert state.trials[3].state == "complete"
    assert [it.number for it in STATE.of_state("open", "failed")] == [1, 3]


def test_the_best_is_complete_and_by_the_direction_of_the_metric():
    assert best_trial(TRIALS, higher_is_better=True).number == 4
    assert best_trial(TRIALS, higher_is_better=False).number == 0
    assert best_trial(TRIALS[1:4], higher_is_better=True) is None
    assert best_trial((), higher_is_better=True) is None
    assert [it.number for it in ranked(TRIALS, higher_is_better=True)] == [4, 0, 1, 2, 3]


def test_of_equal_values_the_earlier_one_is_the_best():
    equal = [SweepTrial(number, {}, "complete", 5.0, 1) for number in (2, 1)]
    assert best_trial(equal, higher_is_better=True).number == 1
    assert best_trial(equal, higher_is_better=False).number == 1
