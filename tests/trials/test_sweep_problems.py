"""All that is wrong with a sweep is told before its first trial begins."""

import pytest

from srcore.config.paths import MISSING
from srcore.errors import ConfigError
from srcore.testing.experiments import load_checked, load_unchecked
from srcore.trials.sweep_problems import sweep_of, trial_problems, without_sweep


def problems_of(file, overrides=()):
    """Problems of the file itself, or else of its trials."""
    try:
        loaded = load_checked(file, overrides)
        sweep = sweep_of(loaded, loaded.plugins.registry)
    except ConfigError as error:
        return [str(it) for it in error.problems]

    def load(further):
        return load_checked(file, without_sweep([*overrides, *further]))

    return [str(it) for it in trial_problems(sweep, load, loaded.source.origin)]


def test_a_good_one_has_no_problems(swept):
    assert problems_of(swept) == []


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sweep.metric=psrn", 'sweep.metric: no validation measures "psrn"'),
        ("sweep.serch=grid", 'sweep.serch: unknown key; did you mean "search"?'),
        ("sweep.search=gird", 'expected one of "grid", "random", "tpe", found "gird"'),
        ("sweep.trials=0", "sweep.trials: expected a number >= 1"),
        ("sweep.parameters=[]", "sweep.parameters: expected at least one"),
        ("sweep.parameters[0].values=[]", "sweep.parameters[0].values: expected values"),
        ("sweep.parameters[1].key=generator.num_features", "sweep.parameters[1].key: expected dif"),
        ("sweep.parameters[0].key=name", 'expected a key of a table, found "name"'),
        ("sweep.parameters[0].key=a..b", "expected a key such as table.key"),
        ("sweep.parameters[1].step=1e-4", "sweep.parameters: expected at most 10000 combinations"),
        ('sweep.parameters[1]={key="train.accumulate",low=1,high=2}', "expected values or a step"),
    ],
)
def test_what_is_wrong_in_the_table(override, words, swept):
    assert any(words in line for line in problems_of(swept, [override]))


def test_problems_of_the_table_name_its_file(swept):
    swept.write_text(swept.read_text().replace("num_features", "num_featurs", 1))
    (line,) = problems_of(swept)
    assert f"{swept.name}: sweep.parameters[0]: generator.num_featurs: unknown key" in line
    assert 'did you mean "num_features"?' in line


def test_every_trial_is_looked_at_and_a_problem_told_once(swept):
    override = "sweep.parameters[1]={key='train.accumulate',values=[1,2,3,5]}"
    first, second = problems_of(swept, [override])
    assert "expected a divisor of batch_size = 4, found 3 (with train.accumulate=3)" in first
    assert "found 5" in second


def test_what_two_values_make_wrong_together_is_told_with_both(swept):
    parameters = (
        '[{key="train.batch_size",values=[4,6]},{key="generator.num_features",values=[4,8]}]'
    )
    lines = problems_of(swept, [f"sweep.parameters={parameters}", "train.accumulate=4"])
    assert lines
    assert "in the trial with train.batch_size=6, generator.num_features=4" in lines[0]


def test_of_trials_that_are_not_listed_the_ends_are_tried(swept):
    pytest.importorskip("optuna")
    override = 'sweep.parameters[0]={key="generator.num_features",low=4,high=8}'
    (line,) = problems_of(swept, ["sweep.search=tpe", override])
    assert "generator.num_features: expected a whole number, found 5.5276" in line


def test_stages_and_elements_of_lists_are_named_as_after_set(swept):
    swept.write_text(
        swept.read_text() + '[[stages]]\nname = "one"\n[[stages]]\nname = "two"\nfrom = "one"\n'
    )
    parameters = '[{key="stages.two.train.iterations",values=[2,4]},'
    parameters += '{key="losses[0].weight",values=[1,2]}]'
    assert problems_of(swept, [f"sweep.parameters={parameters}"]) == []
    (line,) = problems_of(swept, ['sweep.parameters=[{key="losses[3].weight",values=[1]}]'])
    assert "losses[3]: losses has 1 elements" in line


def test_a_key_that_all_stages_set_themselves_is_refused(swept):
    swept.write_text(swept.read_text() + '[[stages]]\nname = "one"\ntrain = { iterations = 2 }\n')
    (line,) = problems_of(swept, ['sweep.parameters=[{key="train.iterations",values=[3]}]'])
    assert "train.iterations: no stage would read it" in line


def test_a_table_that_is_not_there_is_missed(tiny_experiment):
    loaded = load_checked(tiny_experiment)
    with pytest.raises(ConfigError, match="sweep: required table is missing"):
        sweep_of(loaded, loaded.plugins.registry)


def test_without_its_table_the_file_is_one_experiment(swept):
    loaded = load_unchecked(swept, without_sweep([]))
    assert "sweep" not in loaded.source.table
    assert MISSING not in loaded.name


def test_no_stage_has_the_table(swept):
    assert "sweep" not in load_unchecked(swept).stages[0].table
    swept.write_text(swept.read_text() + '[[stages]]\nname = "one"\nsweep = {}\n')
    assert any("stages[0].sweep: unknown key" in line for line in problems_of(swept))


def test_what_is_missing_for_tpe_is_told_with_what_to_install(swept, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert any(
        "pip install 'srcore[sweep]'" in it for it in problems_of(swept, ["sweep.search=tpe"])
    )
