"""What a training tells its method beside the iterations."""

import pytest
from ignite.engine import Events

import srcore
from srcore.launching.stages import run_experiment
from srcore.methods import Supervised
from srcore.plugin.manager import PluginManager, using

SEEN = []


class Closing(Supervised):
    def step(self, batch):
        SEEN.append("step")
        return super().step(batch)

    def close(self):
        SEEN.append("closed")


class Failing:
    def attach(self, run, parts, trainer, evaluator):
        trainer.add_event_handler(Events.ITERATION_STARTED(once=2), lambda _: 1 / 0)

    def close(self):
        SEEN.append("handler closed")


@pytest.mark.parametrize("fails", [False, True])
def test_it_is_told_of_the_end_however_that_was(tiny_experiment, tmp_path, fails):
    SEEN.clear()
    handlers = 'handlers=[{type="failing"}]' if fails else "handlers=[]"
    with using(PluginManager(discover=False)) as manager:
        manager.registry.add("method", "closing", None, Closing, provides=("ema_sr",))
        manager.registry.add("handler", "failing", None, Failing)
        settings = ["method.type=closing", "train.iterations=2", handlers]
        loaded = srcore.load_experiment(tiny_experiment, settings)
        if fails:
            with pytest.raises(ZeroDivisionError):
                run_experiment(loaded, tmp_path)
        else:
            run_experiment(loaded, tmp_path)
    expected = ["step", "handler closed", "closed"] if fails else ["step", "step", "closed"]
    assert expected == SEEN
