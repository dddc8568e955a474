"""The handler of all trackers: what is saved is told, once, by a thread of its own."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ignite.engine import Engine, Events

from srcore.config.plain_tables import as_table, flat
from srcore.engine.events import TrainingEvents
from srcore.errors import MissingExtraError, SrcoreError
from srcore.messages import one_line, shortened
from srplug_trackers.clients.client import Client, Subject
from srplug_trackers.ledger import Ledger
from srplug_trackers.messenger import Messenger
from srplug_trackers.values import Row, Saved

if TYPE_CHECKING:
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srplug_trackers.options import _TrackerOptions

logger = logging.getLogger("srcore")


class Tracking:
    """Tells a tracker the rows of ``metrics.jsonl`` that a checkpoint has made final.

    Rows after the last checkpoint are dropped when a killed run is resumed, and a tracker takes
    nothing back: it is told at every checkpoint, what was saved with it. What it was told stands in
    a ledger in the folder of the run; one that can be asked what it holds is asked when a run is
    resumed, so that nothing is lost or told twice by a kill in between.

    Args:
        name: of the tracker, its package and the extra.
        options: what all trackers are asked.
        target: server and project; another one begins a new run.
        client: makes the connection.
    """

    def __init__(
        self, name: str, options: _TrackerOptions, target: str, client: Callable[[], Client]
    ) -> None:
        if importlib.util.find_spec(name) is None:
            raise MissingExtraError(f'handler "{name}"', name, "srplug-trackers")
        self.name = name
        self.options = options
        self.target = target
        self.connect = client
        self.client: Client | None = None
        self.messenger: Messenger | None = None
        self.is_unsure = False
        self.has_warned = False
        self.failure: SrcoreError | None = None

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Connect, and tell what is saved at every checkpoint; main process only."""
        if not run.is_main:
            return
        self.run = run
        folder = run.files.plugins / "trackers"
        title = "/".join(filter(None, (run.experiment.name, run.stage)))
        self.subject = Subject(self.options.run_name or title, run.files.plugins)
        self.ledger = Ledger.read(folder, self.name, self.target)
        self.settings: dict[str, Any] = flat(as_table(run.experiment))
        self.messenger = Messenger(self.name, self._failed)
        self._send()
        trainer.add_event_handler(TrainingEvents.CHECKPOINT_SAVED, self._send)
        if self.options.on_failure == "stop":
            trainer.add_event_handler(Events.ITERATION_COMPLETED, self._stop)

    def close(self) -> None:
        """Tell what is left, and the weights; give up after some time."""
        if self.messenger is None:
            return
        train, training = self.run.experiment.train, self.run.in_training
        is_complete = training.state.saved_at >= train.iterations or bool(self.run.stop_reason)
        saved = Saved.of(training)
        in_time = self.messenger.close(
            lambda: self._finish(saved, is_complete=is_complete), self.options.patience
        )
        if not in_time:
            self._failed(TimeoutError(f"no answer in {self.options.patience:g} s"))
        if is_complete:
            self._stop()

    def _send(self, *_: Any) -> None:
        assert self.messenger is not None
        saved = Saved.of(self.run.in_training)
        self.messenger.send(lambda: self._tell(saved))

    def _stop(self, *_: Any) -> None:
        if self.failure is not None and self.options.on_failure == "stop":
            failure, self.failure = self.failure, None
            raise failure

    # What follows happens in the thread of the messenger.

    def _tell(self, saved: Saved) -> None:
        client, ledger = self._connected(), self.ledger
        rows = self._missing(client, list(saved.rows(self.run.files)))
        if rows:
            ledger.write(telling=saved)
            client.tell(rows if self.options.pictures else map(_without_pictures, rows))
        ledger.write(told=saved, telling=saved)
        if self.has_warned:
            self.has_warned = False
            logger.info("%s: has everything again", self.name)

    def _connected(self) -> Client:
        ledger = self.ledger
        if self.client is None:
            client = self.connect()
            self.is_unsure = bool(ledger.run)
            ledger.write(run=client.open(self.subject, ledger.run))
            self.client = client
        if not ledger.is_described:
            self.client.describe(self.settings, self.run.files.experiment)
            ledger.write(is_described=True)
        return self.client

    def _missing(self, client: Client, rows: list[Row]) -> list[Row]:
        """Rows that the tracker does not have."""
        told, telling = self.ledger.told, self.ledger.telling
        if not self.is_unsure and told == telling:
            return [row for row in rows if not _was_told(row, told)]
        self.is_unsure = False
        held = client.held({name for row in rows for name in row.values})
        if held is not None:
            return [left for row in rows if (left := row.without(held)) is not None]
        rows = [row for row in rows if not _was_told(row, told)]
        left_out = [row for row in rows if _was_told(row, telling)]
        if left_out:
            logger.warning(
                'handler "%s": values of iterations %d to %d may be missing in the tracker: it was '
                "being told them when the run was cut off, and is not told twice",
                self.name,
                left_out[0].iteration,
                left_out[-1].iteration,
            )
        return [row for row in rows if row not in left_out]

    def _finish(self, saved: Saved, *, is_complete: bool) -> None:
        self._tell(saved)
        assert self.client is not None
        if is_complete:
            for file in self._weights():
                self.client.keep(file)
        self.client.close(is_complete=is_complete)

    def _weights(self) -> list[Any]:
        files, parts = self.run.files, self.run.in_training.parts
        if self.options.weights == "none":
            return []
        if self.options.weights == "best" and files.best_generator.is_file():
            return [files.best_generator]
        names = [name for name, made in parts.roles.items() if made.role.exported]
        return [files.network(name) for name in names if files.network(name).is_file()]

    def _failed(self, error: Exception) -> None:
        reason = shortened(one_line(" ".join(str(error).split())), 200)
        text = f'handler "{self.name}": the tracker was not told ({type(error).__name__}: {reason})'
        if self.options.on_failure == "stop":
            self.failure = SrcoreError(f"{text}; --resume goes on, and tells what is missing")
        elif not self.has_warned:
            self.has_warned = True
            logger.warning(
                "%s; the training goes on, what is missing is sent with the next checkpoint, or by "
                "--resume",
                text,
            )


def _was_told(row: Row, saved: Saved) -> bool:
    return saved.holds(row.phase, row.iteration)


def _without_pictures(row: Row) -> Row:
    return Row(row.phase, row.iteration, row.values)
