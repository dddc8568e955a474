"""The program that works on a trial makes an ordinary run, and ends it early where it should."""

import attrs

from srcore.runs.ending import read_ending
from srcore.sweeps.state import SweepState, SweepTrial, write_sweep
from srcore.sweeps.trial_process import work_on


def test_a_trial_is_an_ordinary_run(sweep):
    made = sweep(["train.iterations=2"])
    job = made.job(SweepTrial(2, {"generator.num_features": 8, "train.accumulate": 1}))
    work_on(job)
    run = made.folder.trial(2)
    assert read_ending(run).complete
    assert "num_features = 8" in (run / "experiment.toml").read_text()
    assert "sweep" not in (run / "experiment.toml").read_text()
    before = (run / "metrics.jsonl").read_bytes()
    work_on(job)  # finished: nothing is done again
    assert (run / "metrics.jsonl").read_bytes() == before


def test_one_that_is_worse_than_the_finished_ones_ends_early(sweep, write_run):
    pruning = [
        "sweep.pruning=median",
        "sweep.prune_after_validations=2",
        "sweep.prune_after_trials=1",
        "train.iterations=6",
        "train.validate_every=1",
    ]
    made = sweep(pruning)
    write_run(made.folder.trial(0), [99.0, 99.0, 99.0])
    done = SweepTrial(0, {}, "complete", 99.0, 2)
    trial = SweepTrial(1, {"generator.num_features": 4, "train.accumulate": 1})
    write_sweep(made.folder.state, SweepState({}, {}, (done, trial)))
    job = made.job(trial)
    assert job.prunes
    work_on(job)
    ending = read_ending(made.folder.trial(1))
    assert ending.complete
    assert ending.iteration == 2
    assert ending.reason.startswith("pruned: tiny/psnr")
    outcome = made.outcome(trial)
    assert (outcome.state, outcome.iteration) == ("pruned", 2)
    work_on(attrs.evolve(job))
    assert read_ending(made.folder.trial(1)) == ending
