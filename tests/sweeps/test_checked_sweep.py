"""What ``srcore check`` and ``srcore sweep`` know of a sweep before its trials."""

import pytest

from srcore.errors import ConfigError
from srcore.plugin.manager import plugins
from srcore.sweeps.checked_sweep import checked_sweep
from srcore.testing.experiments import load_checked


def checked(file, output, *overrides):
    return checked_sweep(load_checked(file, overrides), str(file), overrides, output, plugins())


def test_a_grid_is_known_beforehand(swept, tmp_path):
    sweep = checked(swept, tmp_path / "runs", "train.iterations=8")
    assert (sweep.trials, sweep.is_listed) == (4, True)
    assert sweep.folder.path == tmp_path / "runs" / "swept_sweep"
    loaded = sweep.load(["generator.num_features=6"])
    experiment = loaded.experiment(loaded.stages[0])
    assert experiment.train.iterations == 8
    assert experiment.generator.selected.options.num_features == 6


def test_of_other_searches_the_count_alone(swept, tmp_path):
    pytest.importorskip("optuna")
    sweep = checked(swept, tmp_path, "sweep.search=tpe", "sweep.trials=7")
    assert (sweep.trials, sweep.is_listed) == (7, False)


def test_a_trial_that_is_not_valid_is_refused(swept, tmp_path):
    with pytest.raises(ConfigError, match="expected a divisor of batch_size = 4, found 3"):
        checked(swept, tmp_path, "sweep.parameters[1]={key='train.accumulate',values=[1,3]}")
