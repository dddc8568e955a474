"""A trial ends early that is worse than half of the finished ones."""

import attrs

from srcore.config.sweep_table import SweepTable
from srcore.sweeps.pruning import MedianPruning, prune_reason
from srcore.sweeps.state import SweepState, SweepTrial, write_sweep
from srcore.sweeps.sweep_folder import SweepFolder
from srcore.trials.metric import SweepMetric

HIGHER = SweepMetric("tiny", "psnr", "", higher_is_better=True)
LOWER = attrs.evolve(HIGHER, higher_is_better=False)
TABLE = SweepTable(pruning="median", prune_after_validations=2, prune_after_trials=3)
FINISHED = [[(2, value), (4, value + 1), (6, value + 2)] for value in (20.0, 22.0, 30.0)]


def reason(values, metric=HIGHER, table=TABLE, finished=FINISHED):
    validations = [(2 * at + 2, value) for at, value in enumerate(values)]
    return prune_reason(metric, table, validations, finished)


def test_worse_than_the_median_at_the_same_iteration():
    assert reason([19.0, 22.9]) == (
        "tiny/psnr 22.9 at iteration 4 is worse than 23, the median of 3 finished trials"
    )
    assert reason([19.0, 23.0]) == ""


def test_the_best_so_far_counts():
    assert reason([24.0, 10.0]) == ""


def test_lower_may_be_better():
    assert reason([22.5, 22.5], LOWER)
    assert reason([22.0, 40.0], LOWER) == ""
    assert "worse than 22," in reason([22.5, 22.5], LOWER)


def test_there_must_be_enough_validations_and_trials():
    assert reason([1.0]) == ""
    assert reason([1.0, 1.0], finished=FINISHED[:2]) == ""
    assert reason([1.0, 1.0], table=attrs.evolve(TABLE, prune_after_validations=3)) == ""
    assert reason([1.0, 1.0, 1.0], table=attrs.evolve(TABLE, prune_after_validations=3))


def test_trials_that_were_not_measured_until_then_do_not_count():
    late = [[(6, 99.0)], *FINISHED]
    assert "the median of 3 finished" in reason([1.0, 1.0], finished=late)


class FakeRun:
    stage = ""

    def __init__(self, folder, iterations=8):
        self.folder, self.reasons = folder, []
        self.experiment = attrs.make_class("E", ["train"])(
            attrs.make_class("T", ["iterations"])(iterations)
        )

    def request_stop(self, reason):
        self.reasons.append(reason)


class FakeTrainer:
    def __init__(self):
        self.handlers = []

    def add_event_handler(self, event, handler, *arguments):
        self.handlers.append(lambda: handler(self, *arguments))


def judged(tmp_path, write_run, own, *, stage="", iterations=8, complete=3):
    folder = SweepFolder(tmp_path / "x_sweep")
    for number in range(3):
        write_run(folder.trial(number), [20.0, 21.0, 22.0])
    trials = [SweepTrial(it, {}, "complete" if it < complete else "open") for it in range(3)]
    write_sweep(folder.state, SweepState({}, {}, tuple(trials)))
    write_run(folder.trial(3), own)
    run, trainer = FakeRun(folder.trial(3), iterations), FakeTrainer()
    MedianPruning(folder, attrs.evolve(HIGHER, stage=stage), TABLE).srcore_engines_created(
        run=run, trainer=trainer
    )
    return run.reasons, trainer.handlers


def test_a_resumed_run_that_was_to_end_ends_at_once(tmp_path, write_run):
    from_files, handlers = judged(tmp_path, write_run, [1.0, 1.0])
    assert from_files == [
        "pruned: tiny/psnr 1 at iteration 4 is worse than 21, the median of 3 finished trials"
    ]
    assert len(handlers) == 1


def test_only_complete_trials_are_looked_at(tmp_path, write_run):
    assert judged(tmp_path, write_run, [1.0, 1.0], complete=2)[0] == []


def test_at_the_last_iteration_there_is_nothing_to_end(tmp_path, write_run):
    assert judged(tmp_path, write_run, [1.0, 1.0], iterations=4)[0] == []


def test_another_stage_is_left_alone(tmp_path, write_run):
    assert judged(tmp_path, write_run, [1.0, 1.0], stage="two") == ([], [])


def test_a_first_trial_has_no_validations_yet(tmp_path, write_run):
    assert judged(tmp_path, write_run, [])[0] == []
