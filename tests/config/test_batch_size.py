"""``batch_size = "auto"`` in the check, the schema and where a number is needed."""

import pytest

from srcore.config.batch_size import known_batch_size, numbered, with_batch_size
from srcore.errors import ConfigError, SrcoreError
from srcore.testing.experiments import load_checked


def experiment_of(file, *overrides):
    loaded = load_checked(file, overrides)
    return loaded.experiment(loaded.stages[0])


def test_a_number_is_itself(tiny_experiment):
    experiment = experiment_of(tiny_experiment)
    assert list(numbered(experiment)) == [experiment]
    assert known_batch_size(experiment.train) == 4


def test_auto_is_checked_with_numbers_that_it_may_be(tiny_experiment):
    experiment = experiment_of(tiny_experiment, 'train.batch_size="auto"', "train.accumulate=3")
    assert [it.train.batch_size for it in numbered(experiment)][:2] == [6, 3]
    with pytest.raises(SrcoreError, match=r'"auto" is found when a run begins; give a number'):
        known_batch_size(experiment.train)
    assert with_batch_size(experiment, 6).train.batch_size == 6


def test_what_is_wrong_otherwise_is_found_with_auto_too(tiny_experiment):
    with pytest.raises(ConfigError, match=r"float16 needs a GPU"):
        load_checked(tiny_experiment, ['train.batch_size="auto"', 'train.precision="float16"'])


@pytest.mark.parametrize("wrong", ['"most"', "0", "1.5"])
def test_other_words_are_refused(tiny_experiment, wrong):
    with pytest.raises(ConfigError, match=r"train\.batch_size"):
        load_checked(tiny_experiment, [f"train.batch_size={wrong}"])
