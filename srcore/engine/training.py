"""One training stage: Ignite engines and the handlers around the method's iteration."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from ignite import distributed as idist
from ignite.engine import Engine, Events

from srcore.data.faults import image_faults
from srcore.engine import checkpoint, events, exports, pictures
from srcore.engine.best import Best
from srcore.engine.events import TrainingEvents
from srcore.engine.extending import extension_concerns
from srcore.engine.finiteness import Finiteness
from srcore.engine.handlers import Handlers
from srcore.engine.head import head, lines
from srcore.engine.means import Means
from srcore.engine.parts import NonFiniteLossError, Parts
from srcore.engine.performance import Performance
from srcore.engine.progress import Progress
from srcore.engine.readers import Readers
from srcore.engine.records import Records
from srcore.engine.recovery import starting_state
from srcore.engine.results import write_bicubic
from srcore.engine.rollback import Rollback
from srcore.engine.sampling import StreamSampler, TrainingImages, to_device
from srcore.engine.validator import Averages, Validator, by_set_and_metric
from srcore.errors import DataError, Interrupted, SrcoreError
from srcore.machine.memory import is_out_of_memory
from srcore.plugin.calling import call
from srcore.plugin.manager import plugins

if TYPE_CHECKING:
    from srcore.engine.run import Run
    from srcore.engine.signals import StopRequest
    from srcore.methods.base import Method

logger = logging.getLogger("srcore")


class Training:
    """Builds and runs a training stage.

    Attributes:
        run: folder and experiment.
        parts: networks, losses, optimisers, transforms.
        trainer: Ignite engine; ``trainer.state.losses`` holds the last iteration's terms,
            ``trainer.state.metrics`` the last row of ``metrics.jsonl`` about the training. It fires
            :class:`srcore.engine.events.TrainingEvents` too.
        evaluator: Ignite engine, run once per validation; ``evaluator.state.metrics`` holds the
            last one as ``{"<set>/<metric>": value}``, before any handler of its end is called.
    """

    def __init__(self, run: Run, stop: StopRequest) -> None:
        self.run = run
        self.stop = stop
        self.experiment = run.experiment
        self.settings = run.experiment.train
        self.parts = run.parts = Parts(run.experiment, run.device, continued=run.goes_on)
        self.finiteness = Finiteness(self.parts)
        self.method = self._build_method()
        self.rollback = Rollback(
            self.parts, {"method": self.method}, enabled=self.settings.nan_skips > 0
        )
        self.validator = Validator(run, lambda: self.parts.best_generator)
        self.evaluator = self.validator.engine
        self.best = Best(run, self.parts, self.validator.measures)
        self.skipped_in_row = 0
        self.bad_images = 0
        self.told_of: set[str] = set()
        self.saved_at = -1
        self.validated_at = -1
        self.in_iteration = False
        self.is_saving = False
        self.is_proven = False
        self.handlers = Handlers(run.experiment)
        self.results: Averages = {}
        self.bicubic: Averages | None = None
        self.means = Means()
        self._restore()
        self.records = (
            Records(run.folder, keep_until=self.saved_at, validated_at=self.validated_at)
            if run.is_main
            else None
        )
        self.trainer = Engine(self._iterate)
        events.register(self.trainer)
        self.trainer.state.iteration = self.parts.iteration
        self.losses: dict[str, torch.Tensor] = {}
        self.performance = Performance(run)
        for engine in (self.trainer, self.evaluator):
            engine.logger.setLevel(logging.CRITICAL)  # the command line reports errors, once
        self.progress = Progress(run, self)
        self._attach()

    def execute(self) -> dict[str, Any]:
        """Train to the last iteration; return the final validation and the bicubic baseline.

        Raises:
            Interrupted: a signal came; the state is saved.
            SrcoreError: a loss stayed non-finite, a file could not be read or written, ...
        """
        with contextlib.closing(self.handlers):
            return self._execute()

    def _execute(self) -> dict[str, Any]:
        start, stop = self.parts.iteration, self.settings.iterations
        if start >= stop or self._is_over():  # there is only something to measure
            return self._finish()
        self.trainer.load_state_dict({"iteration": start, "max_epochs": 1, "epoch_length": stop})
        with self.progress, self._readers(start, stop) as readers:
            self.performance.begin(readers)
            try:
                if self._validation_is_due(start) and self.validated_at != start:
                    self._save_and_validate()
                self.trainer.run(iter(readers))
            except Interrupted as error:  # while it waited for images, or validated
                self._rescue(error)
                if idist.get_world_size() > 1 or not 0 <= self.saved_at < stop:
                    raise
            except (RuntimeError, MemoryError) as error:
                self._rescue(error)
                if is_out_of_memory(error):
                    raise SrcoreError(self._what_to_lower(error)) from error
                raise
            except Exception as error:
                self._rescue(error)
                raise
        if self.parts.iteration < stop:
            self._end_early(stop)
        return self._finish()

    def _is_over(self) -> bool:
        """Whether somebody asked for the end before the first iteration; all processes agree."""
        if not self._stop_requested() or self.stop.signal_number is not None:
            return False
        if not self.run.measures_anew:
            self._tell_of_early_end()
        return True

    def _end_early(self, stop: int) -> None:
        """Something ended the training: a signal, or whoever asked for it."""
        iteration = self.parts.iteration
        if self.stop.signal_number is not None:
            raise Interrupted(
                self.stop.signal_number,
                f"interrupted at iteration {iteration} of {stop}; state saved in "
                f"{self.run.checkpoints / checkpoint.LAST}; continue with --resume",
            )
        self.run.stop_reason = self.run.stop_reason or "a handler called terminate()"
        self.trainer.state.iteration = iteration  # one more has begun if it was in one
        if self.validated_at != iteration:  # terminated elsewhere than at an iteration's end
            self._save_and_validate()
        self._tell_of_early_end()

    def _tell_of_early_end(self) -> None:
        iteration, stop = self.parts.iteration, self.settings.iterations
        logger.warning("ended at iteration %d of %d: %s", iteration, stop, self.run.stop_reason)

    def _rescue(self, error: BaseException) -> None:
        """After an error: save what the last whole iteration left, where that is known.

        In the middle of an iteration it is known only if iterations may be skipped. With several
        processes nothing is saved: a state is that of all, and the others may wait for this one.
        """
        if idist.get_world_size() > 1 or self.is_saving:
            return
        if self.in_iteration:
            if not self.rollback.enabled:
                return
            self.rollback.undo()
            self.parts.iteration -= 1
            self.in_iteration = False
        if self.parts.iteration <= max(self.saved_at, 0) or self.finiteness.complaint():
            return
        try:
            self.save()
        except SrcoreError as second:  # must not hide what ended the training
            logger.error("%s", second)

    def validate(self) -> dict[str, float]:
        """Measure all validation sets; write records and pictures; keep the best generator.

        The state must be saved: a validation never costs the training before it.

        Returns:
            Averages as ``{"<set>/<metric>": value}``.
        """
        with self.performance.part("validation"):
            return self._validate()

    def _validate(self) -> dict[str, float]:
        iteration = self.parts.iteration
        if self.bicubic is None:
            self.bicubic = self.validator.bicubic()
            if self.run.is_main:
                write_bicubic(self.run.folder, self.bicubic)
        with self.parts.evaluating():
            self.results = self.validator.measure(iteration)
        found = by_set_and_metric(self.results)
        if self.records is not None:
            for name, values in self.results.items():
                self.records.add(iteration, name, values)
        self.validated_at = iteration
        self.progress.show_validation(found, self.bicubic)
        is_best = self.best.judge(found, self.validator.pooled)
        self.trainer.fire_event(TrainingEvents.VALIDATION_COMPLETED)
        self.save()
        if is_best:
            self.best.keep()
        if self.run.is_main:
            best = self.best.found.get("iteration")
            kept = None if best is None else int(best)
            pictures.remove_earlier(self.run.folder, self.settings.keep_images, kept)
        return found

    def _save_and_validate(self) -> None:
        if self.saved_at != self.parts.iteration:
            self.save()
        self.validate()

    def _validation_is_due(self, iteration: int) -> bool:
        every = self.settings.validate_every
        if iteration == 0:
            return self.settings.validate_at_start
        return iteration == self.settings.iterations or bool(every and iteration % every == 0)

    def _build_method(self) -> Method:
        table = self.experiment.method
        if table is not None:
            method: Method = table.choice.build(parts=self.parts)
            return method
        entry = plugins().registry.get("method", "supervised")
        default: Method = entry.build(entry.options(), parts=self.parts)
        return default

    def _readers(self, start: int, stop: int) -> Any:
        table = self.experiment.data.train
        assert table is not None
        dataset = table.choice.build(scale=self.experiment.scale)
        images = TrainingImages(
            dataset, seed=self.experiment.seed, skip_bad=table.on_bad_image == "skip"
        )
        self.performance.head = head(self.run, self.parts, len(dataset), self.validator.sets)
        for line in lines(self.performance.head):
            logger.info("%s", line)
        if images.skip_bad and self.run.is_main:
            for fault in image_faults(table.choice.options, self.experiment):
                logger.warning("data.train: %s; others take their place", fault)
        self.performance.write()
        sampler = StreamSampler(
            dataset,
            self.settings.batch_size,
            seed=self.experiment.seed,
            start=start,
            stop=stop,
            ordering=self._ordering(dataset),
            rank=idist.get_rank(),
            world_size=idist.get_world_size(),
        )
        return Readers(
            images,
            sampler,
            workers=table.workers,
            timeout=table.batch_timeout,
            pin_memory=self.run.device.type == "cuda",
            stop=self.stop,
        )

    def _ordering(self, dataset: Any) -> Any:
        """The sampler of the experiment, else the data set's own order, else none."""
        table = self.experiment.data.train
        assert table is not None
        if table.sampler is not None:
            return table.sampler.build(dataset=dataset)
        return dataset if hasattr(dataset, "order") else None

    def _iterate(self, engine: Engine, raw: dict[str, Any]) -> dict[str, torch.Tensor]:
        iteration = engine.state.iteration
        if "error" in raw:
            raise DataError(raw["error"])
        self._count_bad_images(raw)
        parts = self.parts
        self.in_iteration = True
        parts.begin(iteration, watch_norm=self._is_logged(iteration))
        self.rollback.remember()
        logs: dict[str, torch.Tensor] = {}
        try:
            batch = parts.transform(to_device(raw, self.run.device))
            for index, piece in enumerate(_pieces(batch, self.settings.accumulate)):
                with parts.part(index):
                    found = call("method", self.method, piece, method="step")
                    for name, value in (found | parts.take_logged()).items():
                        share = value / self.settings.accumulate
                        logs[name] = logs[name] + share if name in logs else share
        except NonFiniteLossError as error:
            self._skip_iteration(error)
        else:
            self.skipped_in_row = 0
            self.means.add(logs)
            parts.loss_scale.update()
            parts.update_averages()
        self.in_iteration = False
        self.losses = logs
        setattr(engine.state, "losses", logs)  # noqa: B010 - Ignite's state takes any attribute
        self.performance.count()
        if self._is_logged(iteration):
            self._log(iteration)
        return logs

    def _what_to_lower(self, error: BaseException) -> str:
        settings, reason = self.settings, str(error).strip().split("\n")[0]
        return (
            f"iteration {self.trainer.state.iteration}: out of memory on {self.run.device}; raise "
            f"train.accumulate (now {settings.accumulate}), or lower train.batch_size (now "
            f'{settings.batch_size}) or the patch size, or set train.precision = "bfloat16" '
            f"({reason})"
        )

    def _skip_iteration(self, error: NonFiniteLossError) -> None:
        self.skipped_in_row += 1
        self.rollback.undo()
        if self.skipped_in_row > self.settings.nan_skips:
            raise SrcoreError(
                f"{error}; training stopped{self._last_good()}; a smaller learning rate, "
                "optimizer.generator.clip_gradient_norm or float32 usually help "
                "(train.nan_skips allows skipping such iterations)"
            ) from None
        logger.warning("%s; iteration skipped", error)

    def _count_bad_images(self, raw: dict[str, Any]) -> None:
        for text in raw.get("skipped", ()):
            self.bad_images += 1
            if text not in self.told_of:
                self.told_of.add(text)
                logger.warning("%s; another image takes its place", text)

    def _attach(self) -> None:
        plugins().hook.srcore_engines_created(
            run=self.run,
            parts=self.parts,
            trainer=self.trainer,
            evaluator=self.evaluator,
        )
        completed = self.trainer.on(Events.ITERATION_COMPLETED)
        completed(self._after_iteration)
        self.handlers.attach(self.run, self.parts, self.trainer, self.evaluator)

    def _after_iteration(self, engine: Engine) -> None:
        iteration, settings = engine.state.iteration, self.settings
        stopping = self._stop_requested()
        interrupted = self.stop.signal_number is not None
        last = iteration == settings.iterations or (stopping and not interrupted)
        self.progress.tick()
        if last and not self._is_logged(iteration):
            self._log(iteration)
        keeping = bool(settings.keep_every) and iteration % settings.keep_every == 0
        validating = last or self._validation_is_due(iteration)
        if iteration % settings.checkpoint_every == 0 or validating or stopping or keeping:
            self.save()
        if validating and not interrupted:  # what was not validated is when the run is resumed
            self.validate()
            stopping = self._stop_requested()  # early stopping goes by what was just measured
        if stopping and iteration < settings.iterations:
            engine.terminate()

    def _is_logged(self, iteration: int) -> bool:
        return iteration % self.settings.log_every == 0 or iteration == self.settings.iterations

    def _log(self, iteration: int) -> None:
        values = self.means.take()
        for name, updater in self.parts.updaters.items():
            values[f"learning_rate/{name}"] = updater.learning_rate
            if updater.gradient_norm is not None:
                values[f"gradient_norm/{name}"] = float(updater.gradient_norm)
        if self.records is not None:
            self.records.add(iteration, "train", values)
        self.trainer.state.metrics = values
        self.progress.show_losses(iteration, values, self.performance.line(iteration))
        self.trainer.fire_event(TrainingEvents.VALUES_LOGGED)

    def _stop_requested(self) -> bool:
        """Whether any process was told to stop; all processes stop after the same iteration."""
        asked = self.run.stop_reason or self.trainer.should_terminate
        requested = 2 if self.stop.signal_number is not None else 1 if asked else 0
        if idist.get_world_size() > 1:
            requested = int(idist.all_reduce(float(requested), op="MAX"))
            if requested == 2 and self.stop.signal_number is None:
                self.stop.signal_number = 15
            if requested == 1 and not asked:
                self.run.stop_reason = "another process asked for it"
        return requested > 0

    def save(self) -> None:
        """Write the last checkpoint and what is made of it; keep old ones if weights went bad."""
        bad = self.finiteness.complaint()
        if bad:
            raise SrcoreError(
                f"iteration {self.parts.iteration}: not finite any more: {bad}{self._last_good()}; "
                "a smaller learning rate or gradient clipping usually helps"
            )
        self.is_saving = True
        with self.performance.part("saving"):
            state = self._state()
            if self.run.is_main:
                is_new = self.saved_at != self.parts.iteration
                checkpoint.save_last(
                    self.run.checkpoints,
                    state,
                    keep_previous=is_new,
                    prove_for=None if self.is_proven else self.experiment,
                )
                self.is_proven = True
            self.saved_at = self.run.iteration = self.parts.iteration
            self._derive()
        self.performance.write()
        self.is_saving = False
        self.trainer.fire_event(TrainingEvents.CHECKPOINT_SAVED)

    def _last_good(self) -> str:
        """What there is to go on from, for messages."""
        if self.saved_at < 0:
            return "; no checkpoint had been written yet"
        path = self.run.checkpoints / checkpoint.LAST
        return f"; the last good checkpoint is {path} of iteration {self.saved_at}"

    def _state(self) -> dict[str, Any]:
        """What all processes know; all must call it, and the main one writes it."""
        return checkpoint.training_state(self.parts, self._others) | {
            "best": self.best.found,
            "bad_images": self.bad_images,
            "skipped_in_row": self.skipped_in_row,
            "results": self.results,
            "validated_at": self.validated_at,
            "means": self.means.state_dict(),
        }

    @property
    def _others(self) -> dict[str, Any]:
        """Objects with state beside the parts."""
        return {"method": self.method, **self.handlers.stateful}

    def _restore(self) -> None:
        """Continue from the last checkpoint; whatever lies beside it and is newer goes."""
        folder, run = self.run.checkpoints, self.run
        state = starting_state(folder, run.device, recover=run.recover) if run.resume else None
        if state is not None:
            try:
                self._load_state(state)
            except (LookupError, TypeError, ValueError, RuntimeError, AttributeError) as error:
                reason = " ".join(str(error).split())[:200]
                raise SrcoreError(
                    f"{folder / checkpoint.LAST}: does not fit the experiment ({reason}); choose "
                    "another name, or start anew with --overwrite"
                ) from error
            logger.info("resumed at iteration %d from %s", self.saved_at, folder / checkpoint.LAST)
            self._derive()
            self.best.restore(self.saved_at)
            self._heed_changes()
        if self.run.is_main:
            pictures.remove_later(self.run.folder, self.saved_at)

    def _heed_changes(self) -> None:
        """Tell what a longer training does otherwise; measure anew with other metrics or images."""
        for change in self.run.changes:
            if change.key != "train.iterations" or not self.saved_at:
                continue
            for what in extension_concerns(self.parts, self.method):
                logger.warning(
                    "%s: %s goes by the share of the training that is done; the weights will "
                    "differ from those of a run of %d iterations without a break",
                    change, what, change.now,
                )  # fmt: skip
        if self.run.measures_anew:
            self.best.found = {}
            logger.info("metrics or validation images are others: the best is chosen anew")
            if self.validated_at == self.saved_at:
                self.validated_at -= 1

    def _load_state(self, state: dict[str, Any]) -> None:
        checkpoint.restore_training_state(self.parts, state, self._others)
        self.bad_images = int(state["bad_images"])
        self.skipped_in_row = int(state["skipped_in_row"])
        self.results = dict(state["results"])
        self.best.found = dict(state["best"])
        self.means.load_state_dict(state.get("means", self.means.state_dict()))
        self.saved_at = self.run.iteration = self.parts.iteration
        self.validated_at = int(state.get("validated_at", self.saved_at))

    def _derive(self) -> None:
        """Make what is made of the last checkpoint, unless it is there already."""
        if not self.run.is_main:
            return
        iteration, every = self.parts.iteration, self.settings.keep_every
        if every and iteration and iteration % every == 0:
            kept = self.run.checkpoints / f"iteration_{iteration:08d}.pt"
            checkpoint.copy(self.run.checkpoints / checkpoint.LAST, kept)
        with self.parts.evaluating():
            for name, made in self.parts.roles.items():
                if made.role.exported:
                    file, state = exports.file_of(name), made.exported_state()
                    exports.export(self.run.folder / file, self.experiment, state, iteration, name)

    def _finish(self) -> dict[str, Any]:
        is_last = self.parts.iteration == self.settings.iterations
        is_due = is_last or not self.results or self.run.measures_anew
        if self.validated_at != self.parts.iteration and is_due:
            self._save_and_validate()
        if self.bad_images:
            logger.warning("%d unreadable images were replaced by others", self.bad_images)
        self.performance.write()
        if self.bicubic is None:
            self.bicubic = self.validator.bicubic()
        return {"validation": self.results, "bicubic": self.bicubic}


def _pieces(batch: dict[str, torch.Tensor], parts: int) -> Iterator[dict[str, torch.Tensor]]:
    """Split a batch along its first axis."""
    if parts == 1:
        yield batch
        return
    split: dict[str, Any] = {
        name: value.chunk(parts) if isinstance(value, torch.Tensor) else _shares(value, parts)
        for name, value in batch.items()
    }
    for index in range(parts):
        yield {name: pieces[index] for name, pieces in split.items()}


def _shares(texts: list[str], parts: int) -> list[list[str]]:
    size = -(-len(texts) // parts)
    return [texts[start : start + size] for start in range(0, len(texts), size)]
