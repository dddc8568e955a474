"""One training stage: Ignite engines and the handlers around the method's iteration."""

from __future__ import annotations

import contextlib
import logging
import warnings
from typing import TYPE_CHECKING, Any

import torch
from ignite import distributed as idist
from ignite.engine import Engine, Events

from srcore.capabilities import capability
from srcore.engine import events
from srcore.engine.batch_pieces import pieces
from srcore.engine.best import Best
from srcore.engine.events import TrainingEvents
from srcore.engine.feed import Feed
from srcore.engine.finiteness import NonFiniteLossError
from srcore.engine.handlers import Handlers
from srcore.engine.log_heading import head, head_lines
from srcore.engine.parts import Parts
from srcore.engine.performance import Performance
from srcore.engine.sampling import to_device
from srcore.engine.state import TrainingState
from srcore.engine.stopping import is_to_stop
from srcore.engine.tally import Tally
from srcore.engine.validation import Validation
from srcore.errors import Interrupted, SrcoreError, first_line
from srcore.machine.memory import is_out_of_memory
from srcore.plugin.blame import naming_exits
from srcore.plugin.calling import call

if TYPE_CHECKING:
    from srcore.engine.run import Run
    from srcore.methods.base import Method

logger = logging.getLogger("srcore")


class Training:
    """Builds and runs a training stage.

    Attributes:
        run: folder and experiment.
        parts: networks, losses, optimizers, transforms.
        trainer: Ignite engine; ``trainer.state.losses`` holds the last iteration's
            terms in this process,
            ``trainer.state.metrics`` the last row of ``metrics.jsonl`` about the training. It fires
            :class:`srcore.engine.events.TrainingEvents` too.
        evaluator: Ignite engine, run once per validation; ``evaluator.state.metrics`` holds the
            last one as ``{"<set>/<metric>": value}``, before any handler of its end is called.
        validation: measures the generator on the validation sets.
        state: saves, continues and rescues what was trained.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.experiment = run.experiment
        self.settings = run.experiment.train
        self.parts = run.parts = Parts(
            run.experiment, run.device, run.plugins.registry, continued=run.goes_on
        )
        self.method: Method = run.experiment.training_method.build(parts=self.parts)
        self.validation = Validation(run, lambda: self.parts.best_generator)
        self.trainer, self.evaluator = Engine(self.iterate), self.validation.engine
        events.add_events(self.trainer)
        for engine in (self.trainer, self.evaluator):
            engine.logger.setLevel(logging.CRITICAL)  # the command line reports errors, once
        self.tally = Tally()
        self.best = Best(run, self.parts, self.validation.measures)
        self.handlers = Handlers(run.experiment, run.plugins.registry)
        self.performance = Performance(run)
        self.state = TrainingState(
            run,
            self.parts,
            {"method": self.method, **self.handlers.stateful},
            self.tally,
            self.best,
            self.trainer,
            self.performance,
        )
        self.feed = Feed(run, self.tally)
        self.state.restore()
        self.trainer.state.iteration = self.parts.iteration
        run.training = self
        self._attach()

    @property
    def validator(self) -> Validation:
        """The old name of :attr:`validation`."""
        text = "Training.validator is now validation; the old name goes away in srcore 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.validation

    def execute(self) -> dict[str, Any]:
        """Train to the last iteration; return the final validation and the bicubic baseline.

        Raises:
            Interrupted: a signal came; the state is saved.
            SrcoreError: a loss stayed non-finite, a file could not be read or written, ...
        """
        with contextlib.ExitStack() as stack:
            if (close := capability("method", self.method, "close")) is not None:
                stack.callback(close)
            stack.callback(self.handlers.close)
            return self._execute()

    def _execute(self) -> dict[str, Any]:
        start, stop = self.parts.iteration, self.settings.iterations
        if start >= stop or self._is_over():  # there is only something to measure
            return self._finish()
        self.trainer.load_state_dict({"iteration": start, "max_epochs": 1, "epoch_length": stop})
        feed = self.feed.open(start, stop)
        self._tell_head()
        with feed as readers:
            self.performance.begin(readers)
            try:
                with naming_exits():
                    if self._validation_is_due(start) and self.tally.validated_at != start:
                        self._save_and_validate()
                    self.trainer.run(iter(readers))
            except Interrupted:  # while it waited for images, or validated
                self.state.rescue()
                if idist.get_world_size() > 1 or not 0 <= self.state.saved_at < stop:
                    raise
            except (RuntimeError, MemoryError) as error:
                self.state.rescue()
                if is_out_of_memory(error):
                    raise SrcoreError(self._what_to_lower(error)) from error
                raise
            except Exception:
                self.state.rescue()
                raise
        if self.parts.iteration < stop:
            self._end_early(stop)
        return self._finish()

    def _tell_head(self) -> None:
        """What the stage runs on, at the head of log, report and ``performance.json``."""
        facts = head(self.run, self.parts, self.feed.images, self.validation.sets)
        self.performance.head = facts
        for line in head_lines(facts):
            logger.info("%s", line)
        self.feed.tell_of_faults()
        self.performance.write()

    def _is_over(self) -> bool:
        """Whether somebody asked for the end before the first iteration; all processes agree."""
        if not is_to_stop(self.run, self.trainer) or self.run.stop.signal_number is not None:
            return False
        if not self.run.measures_anew:
            self._tell_of_early_end()
        return True

    def _end_early(self, stop: int) -> None:
        """Something ended the training: a signal, or whoever asked for it."""
        iteration = self.parts.iteration
        if self.run.stop.signal_number is not None:
            raise Interrupted(
                self.run.stop.signal_number,
                f"interrupted at iteration {iteration} of {stop}; state saved in "
                f"{self.run.files.last}; continue with --resume",
            )
        self.run.stop_reason = self.run.stop_reason or "a handler called terminate()"
        self.trainer.state.iteration = iteration  # one more has begun if it was in one
        if self.tally.validated_at != iteration:  # terminated elsewhere than at an iteration's end
            self._save_and_validate()
        self._tell_of_early_end()

    def _tell_of_early_end(self) -> None:
        iteration, stop = self.parts.iteration, self.settings.iterations
        logger.warning("ended at iteration %d of %d: %s", iteration, stop, self.run.stop_reason)

    def _save_and_validate(self) -> None:
        if self.state.saved_at != self.parts.iteration:
            self.trainer.fire_event(TrainingEvents.CHECKPOINT_DUE)
        self.trainer.fire_event(TrainingEvents.VALIDATION_DUE)

    def _validation_is_due(self, iteration: int) -> bool:
        every = self.settings.validate_every
        if iteration == 0:
            return self.settings.validate_at_start
        return iteration == self.settings.iterations or bool(every and iteration % every == 0)

    def iterate(self, engine: Engine, raw: dict[str, Any]) -> dict[str, torch.Tensor]:
        """One iteration, that of ``engine.state.iteration``, without what handlers do at its end.

        Args:
            engine: :attr:`trainer`.
            raw: a batch as readers give it: images of uint8 on the CPU.

        Returns:
            The terms by name, scalars: means over the pieces of the batch.

        Raises:
            SrcoreError: what the batch, the network or a loss says of this iteration.
        """
        iteration, parts = engine.state.iteration, self.parts
        raw = self.feed.take(raw)
        self.state.begin_iteration(iteration, watch_norm=self._is_logged(iteration))
        logs: dict[str, torch.Tensor] = {}
        try:
            batch = parts.transform(to_device(raw, self.run.device))
            for index, piece in enumerate(pieces(batch, self.settings.accumulate)):
                with parts.piece(index):
                    values = call("method", self.method, piece, method="step")
                    for name, value in (values | parts.take_logged()).items():
                        share = value / self.settings.accumulate
                        logs[name] = logs[name] + share if name in logs else share
        except NonFiniteLossError as error:
            self._skip_iteration(error)
        else:
            self.tally.count(logs)
            parts.loss_scale.update()
            parts.update_averages()
        self.state.end_iteration()
        self.feed.count(raw)
        setattr(engine.state, "losses", logs)  # noqa: B010 - Ignite's state takes any attribute
        self.performance.count()
        if self._is_logged(iteration):
            self._log()
        return logs

    def _what_to_lower(self, error: BaseException) -> str:
        settings, reason = self.settings, first_line(error)
        return (
            f"iteration {self.trainer.state.iteration}: out of memory on {self.run.device}; raise "
            f"train.accumulate (now {settings.accumulate}), or lower train.batch_size (now "
            f'{settings.batch_size}) or the patch size, or set train.precision = "bfloat16" '
            f"({reason})"
        )

    def _skip_iteration(self, error: NonFiniteLossError) -> None:
        self.tally.skipped_in_row += 1
        self.state.skip_iteration()
        if self.tally.skipped_in_row > self.settings.nan_skips:
            self.tally.skipped_in_row -= 1  # as it was after the iteration before
            self.state.rescue()
            raise SrcoreError(
                f"{error}; training stopped{self.state.last_good()}; a smaller learning rate, "
                "optimizer.generator.clip_gradient_norm or float32 usually help "
                "(train.nan_skips allows skipping such iterations)"
            ) from None
        logger.warning("%s; iteration skipped", error)

    def _attach(self) -> None:
        run, parts, trainer, evaluator = self.run, self.parts, self.trainer, self.evaluator
        self.handlers.attach_first(run, parts, trainer, evaluator)
        run.plugins.hook.srcore_engines_created(
            run=run, parts=parts, trainer=trainer, evaluator=evaluator
        )
        trainer.add_event_handler(Events.ITERATION_COMPLETED, self._after_iteration)
        self.handlers.attach(run, parts, trainer, evaluator)

    def _after_iteration(self, engine: Engine) -> None:
        iteration, settings = engine.state.iteration, self.settings
        stopping = is_to_stop(self.run, self.trainer)
        interrupted = self.run.stop.signal_number is not None
        last = iteration == settings.iterations or (stopping and not interrupted)
        if last and not self._is_logged(iteration):
            self._log()
        keeping = bool(settings.keep_every) and iteration % settings.keep_every == 0
        validating = last or self._validation_is_due(iteration)
        if iteration % settings.checkpoint_every == 0 or validating or stopping or keeping:
            engine.fire_event(TrainingEvents.CHECKPOINT_DUE)
        if validating and not interrupted:  # what was not validated is when the run is resumed
            engine.fire_event(TrainingEvents.VALIDATION_DUE)
            # early stopping goes by what was just measured
            stopping = is_to_stop(self.run, self.trainer)
        if stopping and iteration < settings.iterations:
            engine.terminate()

    def _is_logged(self, iteration: int) -> bool:
        return iteration % self.settings.log_every == 0 or iteration == self.settings.iterations

    def _log(self) -> None:
        values = self.tally.take_means()
        for name, updater in self.parts.updaters.items():
            values[f"learning_rate/{name}"] = updater.learning_rate
            if updater.gradient_norm is not None:
                values[f"gradient_norm/{name}"] = float(updater.gradient_norm)
        self.trainer.state.metrics = values
        self.trainer.fire_event(TrainingEvents.VALUES_LOGGED)

    def _finish(self) -> dict[str, Any]:
        is_last = self.parts.iteration == self.settings.iterations
        is_due = is_last or not self.tally.results or self.run.measures_anew
        if self.tally.validated_at != self.parts.iteration and is_due:
            self._save_and_validate()
        bad = int(idist.all_reduce(float(self.tally.bad_images)))
        if bad:
            logger.warning("%d unreadable images were replaced by others", bad)
        self.performance.write()
        return {"validation": self.tally.results, "bicubic": self.validation.bicubic()}
