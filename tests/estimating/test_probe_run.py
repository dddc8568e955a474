"""The run of a probe is that of the stage, without what talks to others."""

from srcore.estimating.probe_run import probe_run
from srcore.plugin.manager import plugins
from srcore.testing.experiments import load_checked


def test_handlers_of_others_are_left_out_and_the_training_is_long_enough(tiny_experiment, tmp_path):
    handlers = '[{type="log"}, {type="early_stopping", metric="tiny/psnr", patience=3}]'
    loaded = load_checked(tiny_experiment, [f"handlers={handlers}"])
    experiment = loaded.experiment(loaded.stages[0])
    run = probe_run(experiment, plugins(), tmp_path, most_steps=50)
    assert [it.label for it in run.experiment.handlers] == ["log"]
    assert run.experiment.train.iterations == 100
    assert run.folder.parent == tmp_path
