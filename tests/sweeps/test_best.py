"""The experiment of the best trial is a file that can be checked and run."""

import attrs

from srcore.sweeps.best import write_best
from srcore.sweeps.trial_process import work_on
from srcore.testing.experiments import load_checked


def test_it_is_the_best_one_whole_and_under_the_name_of_the_sweep(sweep):
    made = sweep(["train.iterations=1"])

    class InThisProcess:
        def __init__(self, job, said):
            if "trial_0001" in str(job.overrides) or "trial_0002" in str(job.overrides):
                work_on(job)

        def ended(self):
            return 0

        def end_at_once(self):
            pass

    state = attrs.evolve(made, start=InThisProcess).run(1)
    assert [it.state for it in state.trials] == ["failed", "complete", "complete", "failed"]
    best = write_best(made.folder, "swept", state, made.metric)
    other = next(it for it in state.of_state("complete") if it != best)
    assert best.value >= other.value
    loaded = load_checked(made.folder.best)
    assert loaded.name == "swept"
    experiment = loaded.experiment(loaded.stages[0])
    assert (
        experiment.generator.selected.options.num_features == best.values["generator.num_features"]
    )
    assert experiment.train.accumulate == best.values["train.accumulate"]
    assert experiment.train.iterations == 1
    first = made.folder.best.read_text().splitlines()[0]
    assert first.startswith(f"# {best.name} of 4: tiny/psnr {best.value} at 1")


def test_without_a_complete_trial_there_is_none(sweep, made_up):
    def start(job, said):
        return made_up(job, said, code=1)

    made = sweep(start=start)
    assert write_best(made.folder, "swept", made.run(1), made.metric) is None
    assert not made.folder.best.exists()
