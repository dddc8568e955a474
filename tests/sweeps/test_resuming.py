"""A sweep goes on only as what it was begun as."""

import attrs
import pytest

from srcore.errors import SrcoreError
from srcore.sweeps.resuming import begun_state, described_stages, refuse_other_experiment
from srcore.sweeps.state import SweepTrial, read_sweep, write_sweep
from srcore.testing.experiments import load_checked


def test_a_new_one_has_no_trials(sweep, tmp_path):
    made = sweep()
    state = begun_state(tmp_path / "none.json", made.table, made.loaded, retry=False)
    assert state.trials == ()
    assert state.asked["search"] == "grid"
    assert state.experiment["generator"]["type"] == "edsr"


def test_failed_trials_are_open_again_only_if_asked_for(sweep, tmp_path):
    made, file = sweep(), tmp_path / "sweep.json"
    state = begun_state(file, made.table, made.loaded, retry=False)
    failed = SweepTrial(0, {"a": 1}, "failed", cause="full disk")
    write_sweep(file, state.with_trial(failed))
    assert begun_state(file, made.table, made.loaded, retry=False).trials == (failed,)
    again = begun_state(file, made.table, made.loaded, retry=True)
    assert again.trials == (SweepTrial(0, {"a": 1}),)


@pytest.mark.parametrize(
    "changed", [{"seed": 1}, {"metric": "ssim"}, {"search": "random"}, {"validation": "last"}]
)
def test_other_keys_of_the_table_are_refused(changed, sweep, tmp_path):
    made, file = sweep(), tmp_path / "sweep.json"
    write_sweep(file, begun_state(file, made.table, made.loaded, retry=False))
    with pytest.raises(SrcoreError, match=rf"{next(iter(changed))} was .*, now "):
        begun_state(file, attrs.evolve(made.table, **changed), made.loaded, retry=False)
    begun_state(file, attrs.evolve(made.table, trials=99), made.loaded, retry=False)


@pytest.mark.parametrize(
    ("override", "refused"),
    [
        ("train.log_every=1", ""),
        ("data.train.workers=1", ""),
        ("losses[0].weight=2", "losses[0].weight was 1.0, now 2.0"),
        ("train.ema_decay=0.5", "train.ema_decay was 0.9, now 0.5"),
    ],
)
def test_what_makes_another_training_is_refused(
    override, refused, sweep, tiny_experiment, tmp_path
):
    before = described_stages(load_checked(tiny_experiment))
    now = load_checked(tiny_experiment, [override])
    if not refused:
        refuse_other_experiment(tmp_path / "sweep.json", before, now)
        return
    with pytest.raises(SrcoreError) as told:
        refuse_other_experiment(tmp_path / "sweep.json", before, now)
    assert refused in str(told.value)


def test_of_stages_each_has_its_tables(tiny_experiment, tmp_path):
    file = tiny_experiment.with_name("staged.toml")
    file.write_text(
        'extends = "tiny.toml"\n[[stages]]\nname = "one"\n[[stages]]\nname = "two"\nfrom = "one"\n'
    )
    before = described_stages(load_checked(file))
    assert list(before) == ["one", "two"]
    refuse_other_experiment(
        tmp_path / "sweep.json", before, load_checked(file, ["stages.two.train.log_every=9"])
    )
    other = load_checked(file, ["stages.two.train.ema_decay=0.1"])
    with pytest.raises(SrcoreError, match=r"two\.train\.ema_decay was 0\.9, now 0\.1"):
        refuse_other_experiment(tmp_path / "sweep.json", before, other)


def test_a_written_state_is_that_of_the_same_experiment(sweep, tmp_path):
    made, file = sweep(), tmp_path / "sweep.json"
    write_sweep(file, begun_state(file, made.table, made.loaded, retry=False))
    refuse_other_experiment(file, read_sweep(file).experiment, made.loaded)
