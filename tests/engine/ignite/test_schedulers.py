"""Schedulers of Ignite and PyTorch act on the rates that are recorded."""

from types import ModuleType

import ignite.handlers as ih
import pytest
import torch
from ignite.engine import Events

import srcore
from srcore.launching.stages import run_experiment
from srcore.plugin.manager import PluginManager, using

METRIC = "tiny/psnr"


RATES = [1e-3, 9e-4, 8e-4, 7e-4, 6e-4, 5e-4]


def linear(optimizer, **named):
    return ih.PiecewiseLinear(
        optimizer, "lr", milestones_values=[(0, RATES[0]), (5, RATES[5])], **named
    )


def cosine(optimizer):
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)


#: Schedulers of the learning rate; each begins at ``ITERATION_STARTED`` of the first iteration.
SCHEDULERS = {
    "PiecewiseLinear": linear,
    "LinearCyclicalScheduler": lambda o: ih.LinearCyclicalScheduler(o, "lr", 1e-3, 1e-4, 4),
    "CosineAnnealingScheduler": lambda o: ih.CosineAnnealingScheduler(o, "lr", 1e-3, 1e-4, 4),
    "ConcatScheduler": lambda o: ih.ConcatScheduler(
        [ih.LinearCyclicalScheduler(o, "lr", 1e-4, 1e-3, 6), linear(o)], durations=[3]
    ),
    "ParamGroupScheduler": lambda o: ih.ParamGroupScheduler([linear(o, param_group_index=0)]),
    "LRScheduler": lambda o: ih.LRScheduler(cosine(o)),
    "create_lr_scheduler_with_warmup": lambda o: ih.create_lr_scheduler_with_warmup(
        ih.LRScheduler(cosine(o)), warmup_start_value=1e-5, warmup_duration=3
    ),
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_schedulers(trial, name):
    used = []

    def attach(run, parts, trainer, evaluator):
        optimizer = trial.optimizer_of(parts)
        trainer.add_event_handler(Events.ITERATION_STARTED, SCHEDULERS[name](optimizer))
        trainer.add_event_handler(
            Events.ITERATION_STARTED, lambda engine: used.append(optimizer.param_groups[0]["lr"])
        )

    trial.run(attach)
    assert trial.rates() == used
    assert len(set(used)) > 2
    if name == "PiecewiseLinear":
        assert used == pytest.approx(RATES)


def test_reduce_lr_on_plateau_scheduler(trial):
    def attach(run, parts, trainer, evaluator):
        scheduler = ih.ReduceLROnPlateauScheduler(
            trial.optimizer_of(parts),
            METRIC,
            trainer,
            mode="max",
            factor=0.5,
            patience=0,
            threshold=1e9,
        )
        evaluator.add_event_handler(Events.COMPLETED, scheduler)
        schedulers.append(scheduler)

    schedulers = []
    trial.run(attach, "train.validate_every=2")
    first, *_ = rates = trial.rates()
    # validations are at 2, 4 and 6; none is better than the first by that much
    assert rates == pytest.approx([first] * 4 + [first / 2] * 2)
    best = max(values[METRIC] for values in trial.validations().values())
    assert schedulers[0].scheduler.best <= best


def test_fastai_lr_finder(trial):
    finder = ih.FastaiLRFinder()

    def attach(run, parts, trainer, evaluator):
        optimizer = trial.optimizer_of(parts)
        context = finder.attach(
            trainer,
            {"model": parts.generator_module, "optimizer": optimizer},
            output_transform=lambda losses: float(losses["l1"]),
            end_lr=100.0,
            smooth_f=0,
            diverge_th=3.0,
        )
        context.__enter__()
        trainer.add_event_handler(
            Events.COMPLETED, lambda engine: context.__exit__(None, None, None)
        )

    trial.run(attach)
    history = finder.get_results()
    assert trial.ending.iteration == 5, "where the loss was three times the best"
    assert history["loss"] == pytest.approx(list(trial.values("l1").values()))
    # what it sets at the end of an iteration holds in the next
    assert history["lr"][:-1] == pytest.approx(trial.rates()[1:])


STATES = {
    "LambdaStateScheduler": {"lambda_obj": lambda index: 2.0 * index},
    "PiecewiseLinearStateScheduler": {"milestones_values": [(1, 1.0), (6, 6.0)]},
    "ExpStateScheduler": {"initial_value": 1.0, "gamma": 0.5},
    "StepStateScheduler": {"initial_value": 1.0, "gamma": 0.5, "step_size": 2},
    "MultiStepStateScheduler": {"initial_value": 1.0, "gamma": 0.5, "milestones": [2, 4]},
}


@pytest.mark.parametrize("name", STATES)
def test_state_schedulers(trial, name):
    """What they set is there for everybody at the same iteration."""
    seen = []

    def attach(run, parts, trainer, evaluator):
        made = getattr(ih, name)(param_name="strength", create_new=True, **STATES[name])
        made.attach(trainer, Events.ITERATION_STARTED)
        trainer.add_event_handler(
            Events.ITERATION_COMPLETED, lambda engine: seen.append(engine.state.strength)
        )

    trial.run(attach)
    expected = getattr(ih, name).simulate_values(6, param_name="strength", **STATES[name])
    assert seen == [value for _, value in expected]


def test_a_scheduler_beside_the_schedule_is_told_of_once(trial, trial_in, caplog):
    def attach(run, parts, trainer, evaluator):
        trainer.add_event_handler(Events.ITERATION_STARTED, linear(trial.optimizer_of(parts)))

    schedule = 'schedule.generator={ type = "multistep", milestones = [4] }'
    trial.run(attach, schedule)
    assert caplog.text.count("the learning rate of EDSR was set to 0.0009 beside its sch") == 1
    caplog.clear()
    alone = trial_in("others")
    alone.run(lambda *given: None, schedule)
    assert "beside its schedule" not in caplog.text
    assert trial.rates() == alone.rates()


class Scheduling:
    """A handler of ``[[handlers]]`` that attaches one of Ignite, as the documentation says."""

    def attach(self, run, parts, trainer, evaluator):
        self.scheduler = ih.LRScheduler(cosine(parts.updaters["generator"].optimizer))
        if self.saved is not None:
            self.scheduler.load_state_dict(self.saved)
        trainer.add_event_handler(Events.ITERATION_STARTED, self.scheduler)

    saved = None

    def state_dict(self):
        return self.scheduler.state_dict()

    def load_state_dict(self, state):
        self.saved = state


def test_a_scheduler_of_ignite_goes_on_after_a_resume(tiny_experiment, tmp_path, trial_in):
    plugin = ModuleType("scheduling")

    @srcore.hookimpl
    def srcore_register_components(registry):
        registry.add("handler", "scheduling", None, Scheduling)

    plugin.srcore_register_components = srcore_register_components

    def rates(folder, *numbers):
        for number in numbers:
            overrides = ['handlers=[{ type = "scheduling" }]', "train.log_every=1"]
            overrides += [f"train.iterations={number}"]
            loaded = srcore.load_experiment(tiny_experiment, overrides)
            run_experiment(loaded, tmp_path / folder, resume=number != numbers[0], quiet=True)
        return trial_in(folder).rates()

    with using(PluginManager(discover=False, extra=[plugin])):
        whole = rates("whole", 6)
        assert rates("parts", 2, 6) == whole
    assert len(set(whole)) == 6
