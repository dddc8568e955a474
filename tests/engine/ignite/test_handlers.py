"""Handlers of Ignite that end, save, average and time a run work and see the records."""

import ignite.handlers as ih
import pytest
import torch
from ignite.engine import Events

from srcore.engine.events import TrainingEvents

METRIC = "tiny/psnr"


def test_early_stopping(trial):
    seen = []

    def attach(run, parts, trainer, evaluator):
        def score(engine):
            seen.append(engine.state.metrics[METRIC])
            return -float(len(seen))  # every validation is worse than the one before

        evaluator.add_event_handler(Events.COMPLETED, ih.EarlyStopping(2, score, trainer))

    trial.run(attach, "train.validate_every=1", "train.iterations=8")
    assert seen == [values[METRIC] for values in trial.validations().values()]
    assert trial.ending.iteration == 3


def test_checkpoint(trial):
    def attach(run, parts, trainer, evaluator):
        handler = ih.Checkpoint(
            {"generator": parts.generator_module},
            ih.DiskSaver(str(trial.folder / "ignite"), require_empty=False),
            n_saved=None,
            score_function=ih.Checkpoint.get_default_score_fn(METRIC),
            score_name="psnr",
            global_step_transform=ih.global_step_from_engine(trainer, Events.ITERATION_COMPLETED),
        )
        evaluator.add_event_handler(Events.COMPLETED, handler)

    trial.run(attach)
    assert {path.name for path in (trial.folder / "ignite").iterdir()} == {
        f"generator_{number}_psnr={values[METRIC]:.4f}.pt"
        for number, values in trial.validations().items()
    }


def test_model_checkpoint(trial):
    def attach(run, parts, trainer, evaluator):
        keep = ih.ModelCheckpoint(
            str(trial.folder / "models"), "tiny", n_saved=None, require_empty=False
        )
        what = {"generator": parts.generator_module}
        trainer.add_event_handler(TrainingEvents.CHECKPOINT_SAVED(every=3), keep, what)

    trial.run(attach)
    for number in (3, 6):
        kept = torch.load(trial.folder / f"models/tiny_generator_{number}.pt", weights_only=True)
    saved = torch.load(trial.folder / "tiny/checkpoints/last.pt", weights_only=True)
    trained = saved["networks"]["generator"]
    assert all(torch.equal(kept[name], trained[name]) for name in trained)
    assert sorted(path.name for path in (trial.folder / "models").iterdir()) == [
        "tiny_generator_3.pt",
        "tiny_generator_6.pt",
    ]


def test_timer(trial):
    made = ih.Timer(average=True)

    def attach(run, parts, trainer, evaluator):
        made.attach(trainer, step=Events.ITERATION_COMPLETED)

    trial.run(attach)
    assert made.step_count == len(trial.rows()) == 6
    assert made.value() > 0


def test_terminate_on_nan(trial):
    def attach(run, parts, trainer, evaluator):
        def first(losses):
            seen.append(float(losses["l1"]))
            return float("nan") if trainer.state.iteration == 4 else losses

        trainer.add_event_handler(Events.ITERATION_COMPLETED, ih.TerminateOnNan(first))

    seen = []
    trial.run(attach)
    assert seen == pytest.approx(list(trial.values("l1").values()))
    assert (trial.ending.iteration, trial.ending.complete) == (4, True)


def test_time_limit(trial):
    def attach(run, parts, trainer, evaluator):
        limit = ih.TimeLimit(limit_sec=1)
        limit.start_time -= 10
        trainer.add_event_handler(Events.ITERATION_COMPLETED(every=2), limit)

    trial.run(attach)
    assert (trial.ending.iteration, trial.ending.complete) == (2, True)
    assert list(trial.validations()) == [2]


def test_epoch_output_store(trial):
    stored = []

    def attach(run, parts, trainer, evaluator):
        ih.EpochOutputStore().attach(evaluator, "images")
        ih.EpochOutputStore(lambda losses: float(losses["l1"])).attach(trainer, "losses_seen")
        evaluator.add_event_handler(
            Events.COMPLETED, lambda engine: stored.append(len(engine.state.images))
        )
        trainer.add_event_handler(
            Events.EPOCH_COMPLETED, lambda engine: stored.extend(engine.state.losses_seen)
        )

    trial.run(attach)
    assert stored[:2] == [2, 2], "images of a validation"
    assert stored[2:] == pytest.approx(list(trial.values("l1").values()))


def test_ema_handler(trial):
    seen = []

    def attach(run, parts, trainer, evaluator):
        average = ih.EMAHandler(parts.generator_module, momentum=0.1)
        average.attach(trainer, name="momentum", event=Events.ITERATION_COMPLETED)

        @trainer.on(Events.COMPLETED)
        def compare(engine):
            # after each iteration as srcore's own average, of train.ema_decay = 0.9
            own = parts.ema.network.state_dict()
            for name, value in average.ema_model.state_dict().items():
                torch.testing.assert_close(value, own[name])
            seen.append(engine.state.momentum)

    trial.run(attach, "train.ema_warmup=false")
    assert seen == [0.1]


@pytest.mark.parametrize("name", ["BasicTimeProfiler", "HandlersTimeProfiler"])
def test_profilers(trial, name):
    made = getattr(ih, name)()
    trial.run(lambda run, parts, trainer, evaluator: made.attach(trainer))
    results = made.get_results()
    if name == "BasicTimeProfiler":
        assert results["processing_stats"]["total"] > 0
        assert made.processing_times.shape == (6,)
    else:
        assert any("TOTAL" in row[0].upper() or row[0] == "Total" for row in results), results
