"""A sweep at work, with processes that are made up: which trials, in which order, to which end."""

import functools
import json
import signal
from collections import Counter

import pytest

from srcore.errors import Interrupted, SrcoreError
from srcore.runs.lock import locked
from srcore.sweeps.state import read_sweep


def states(sweep):
    return [it.state for it in read_sweep(sweep.folder.state).trials]


@pytest.mark.parametrize("jobs", [1, 2, 9])
def test_every_trial_is_done_once_and_its_result_noted(jobs, sweep, made_up):
    made = sweep()
    state = made.run(jobs)
    assert [it.number for it in made_up.started] == [0, 1, 2, 3]
    assert [it.state for it in state.trials] == ["complete"] * 4
    assert [(it.value, it.iteration) for it in state.trials] == [(21.0 + it, 4) for it in range(4)]
    assert read_sweep(made.folder.state) == state
    assert state.trials[1].values == {"generator.num_features": 4, "train.accumulate": 2}


def test_no_more_at_the_same_time_than_asked_for(sweep, made_up):
    counts = []

    def start(job, said):
        child = made_up(job, said, looks=3)
        counts.append(sum(it.looks > 0 for it in made_up.started))
        return child

    sweep(start=start).run(2)
    assert max(counts) == 2


def test_a_process_is_told_all_that_makes_the_trial(sweep, made_up):
    sweep(["seed=7"]).run(1)
    job = made_up.started[2].job
    assert job.overrides == (
        "seed=7",
        'name="trial_0002"',
        "generator.num_features=8",
        "train.accumulate=1",
    )
    assert not job.prunes


def test_the_same_command_again_does_nothing_twice(sweep, made_up):
    sweep().run(2)
    made_up.started.clear()
    assert [it.state for it in sweep().run(2).trials] == ["complete"] * 4
    assert made_up.started == []


def test_one_that_fails_is_noted_with_its_cause_and_the_others_go_on(sweep, made_up):
    def start(job, said):
        child = made_up(job, said)
        child.code = 1 if child.number == 1 else 0
        return child

    made = sweep(start=start)
    state = made.run(1)
    assert [it.state for it in state.trials] == ["complete", "failed", "complete", "complete"]
    assert state.trials[1].cause == "it was made so"
    made_up.started.clear()
    assert sweep().run(1) == state
    again = sweep().run(1, retry=True)
    assert [it.number for it in made_up.started] == [1]
    assert [it.state for it in again.trials] == ["complete"] * 4
    assert again.trials[1].cause == ""


def test_one_that_was_killed_is_gone_on_with_at_once(sweep, made_up):
    def start(job, said):
        child = made_up(job, said)
        child.code = -9 if child.number == 1 and len(made_up.started) == 2 else 0
        return child

    state = sweep(start=start).run(1)
    assert [it.number for it in made_up.started] == [0, 1, 1, 2, 3]
    assert [it.state for it in state.trials] == ["complete"] * 4


def test_tpe_chooses_nothing_more_while_one_is_not_known(sweep, made_up):
    pytest.importorskip("optuna")

    def start(job, said):
        child = made_up(job, said)
        child.code = -9 if child.number == 1 else 0
        return child

    state = sweep(TPE, start=start).run(1)
    assert [it.state for it in state.trials] == ["complete", "open"]
    assert len(sweep(TPE).run(1).of_state("complete")) == 5


@pytest.mark.parametrize("code", [-9, 143])
def test_one_that_was_killed_twice_or_stopped_stays_open(code, sweep, made_up):
    def start(job, said):
        child = made_up(job, said)
        child.code = code if child.number == 2 else 0
        return child

    state = sweep(start=start).run(2)
    assert [it.state for it in state.trials] == ["complete", "complete", "open", "complete"]
    assert state.trials[2].cause == "it was made so"
    made_up.started.clear()
    assert [(it.state, it.cause) for it in sweep().run(2).trials] == [("complete", "")] * 4
    assert [it.number for it in made_up.started] == [2]


def test_a_run_without_a_value_failed(sweep, made_up):
    state = sweep(start=functools.partial(made_up, reached=[float("nan")])).run(1)
    assert {it.state for it in state.trials} == {"failed"}
    assert "no validation has a finite value of tiny/psnr" in state.trials[0].cause


def test_one_that_was_ended_early_is_noted_as_such(sweep, made_up, write_run):
    class Pruned(made_up):
        def ended(self):
            code = super().ended()
            if code == 0 and self.number == 3:
                run = sweep().folder.trial(3)
                write_run(run, [19.0], ended="pruned: worse than 21")
            return code

    state = sweep(start=Pruned).run(1)
    trial = state.trials[3]
    assert (trial.state, trial.value, trial.cause) == ("pruned", 19.0, "worse than 21")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_processes_and_the_same_command_goes_on(number, sweep, made_up):
    def start(job, said):
        child = made_up(job, said, looks=10**9)
        if child.number == 1:
            signal.raise_signal(number)
        return child

    with pytest.raises(Interrupted, match="all trials are saved; the same command goes on") as told:
        sweep(start=start).run(3)
    assert told.value.exit_code == 128 + number
    assert [it.number for it in made_up.started] == [0, 1]
    assert all(it.stopped for it in made_up.started)
    assert states(sweep()) == ["open"] * 4
    made_up.started.clear()
    assert [it.state for it in sweep().run(2).trials] == ["complete"] * 4
    assert [it.number for it in made_up.started] == [0, 1, 2, 3]


def test_a_page_is_told_of_every_end(sweep):
    told = []
    sweep(changed=lambda state, trial: told.append((trial.number, trial.state))).run(2)
    assert sorted(told) == [(it, "complete") for it in range(4)]


def test_a_second_process_is_refused(sweep):
    made = sweep()
    with locked(made.folder.path), pytest.raises(SrcoreError, match="works on it"):
        made.run(1)


def test_another_sweep_of_the_name_is_refused(sweep, made_up):
    sweep().run(1)
    with pytest.raises(SrcoreError, match=r"was begun with another \[sweep\]: .*seed was 0, now 1"):
        sweep(["sweep.seed=1"]).run(1)
    with pytest.raises(SrcoreError, match=r"the experiment is another than .*: scale was 2, now 4"):
        sweep(["scale=4"]).run(1)
    made_up.started.clear()
    sweep(["train.log_every=1"]).run(1)  # may change
    assert made_up.started == []


def test_an_experiment_that_is_edited_meanwhile_ends_the_sweep(sweep, swept, made_up):
    def start(job, said):
        text = swept.read_text().replace('name = "swept"', 'name = "swept"\nseed = 9')
        swept.write_text(text)
        return made_up(job, said, looks=2)

    made = sweep(start=start)
    with pytest.raises(SrcoreError, match="seed was 0, now 9; undo that"):
        made.run(2)
    assert states(made) == ["open"] * 4
    assert made_up.started[0].stopped


def test_a_random_sweep_may_grow(sweep, made_up):
    few = ["sweep.search=random", "sweep.trials=2"]
    more = ["sweep.search=random", "sweep.trials=3"]
    first = sweep(few).run(1)
    again = sweep(more).run(1)
    assert again.trials[:2] == first.trials
    assert [it.number for it in made_up.started] == [0, 1, 2]


def test_random_trials_do_not_depend_on_the_number_of_jobs(sweep):
    random = ["sweep.search=random", "sweep.trials=4"]
    values = [
        [it.values for it in sweep([*random, f"name=j{jobs}"]).run(jobs).trials] for jobs in (1, 4)
    ]
    assert values[0] == values[1]


TPE = [
    "sweep.search=tpe",
    "sweep.trials=5",
    "sweep.random_trials=2",
    'sweep.parameters=[{key="optimizer.generator.learning_rate",low=1e-5,high=1e-1,log=true}]',
]


def test_tpe_interrupted_anywhere_chooses_the_same_trials(sweep, made_up):
    pytest.importorskip("optuna")

    def values(state):
        return [it.values["optimizer.generator.learning_rate"] for it in state.trials]

    whole = values(sweep([*TPE, "name=whole"]).run(1))
    assert len(set(whole)) == 5

    def killed(job, said, *, at):
        child = made_up(job, said)
        if child.number == at:
            raise KeyboardInterrupt  # nothing is saved any more, as after a kill
        return child

    for at in range(5):
        with pytest.raises(KeyboardInterrupt):
            sweep([*TPE, "name=killed"], start=functools.partial(killed, at=at)).run(1)
    made_up.started.clear()
    assert values(sweep([*TPE, "name=killed"]).run(1)) == whole
    assert Counter(it.number for it in made_up.started) == Counter([4])


def test_what_tpe_proposes_and_is_not_valid_failed(sweep, made_up, monkeypatch):
    proposals = iter([4, 3, 8])

    def chosen(table, metric, trials, number):
        return {
            "generator.num_features": next(proposals),
            "train.accumulate": 1 + 2 * (number == 1),
        }

    monkeypatch.setattr("srcore.sweeps.sweep.chosen_by_tpe", chosen)
    state = sweep(["sweep.search=tpe", "sweep.trials=3"]).run(1)
    assert [it.state for it in state.trials] == ["complete", "failed", "complete"]
    assert "expected a divisor of batch_size" in state.trials[1].cause
    assert [it.number for it in made_up.started] == [0, 2]


def test_the_state_is_on_the_disk_before_a_trial_begins(sweep, made_up):
    def start(job, said):
        child = made_up(job, said)
        content = json.loads(sweep().folder.state.read_text())
        assert content["trials"][child.number]["state"] == "open"
        return child

    sweep(start=start).run(2)
