"""Events of a training beside Ignite's own; the trainer fires them."""

from __future__ import annotations

from ignite.engine import Engine
from ignite.engine.events import EventEnum


class TrainingEvents(EventEnum):
    """What happens at some iterations only; all processes fire alike.

    Filters go by the iteration: ``VALIDATION_COMPLETED(once=5000)``.

    Attributes:
        CHECKPOINT_DUE: the state is to be saved; handler ``checkpoint`` does it.
        VALIDATION_DUE: the generator is to be measured; handler ``validation`` does it. The state
            is saved.
        VALUES_LOGGED: ``trainer.state.metrics`` holds the values of a row of ``metrics.jsonl``.
        VALIDATION_COMPLETED: ``evaluator.state.metrics`` holds the validation; its rows and
            pictures are written, it is known whether it is the best. The checkpoint that remembers
            it, with the state of handlers, is written next.
        CHECKPOINT_SAVED: ``checkpoints/last.pt`` and the exported generator are of this iteration.
            A validation saves before and after it.
    """

    CHECKPOINT_DUE = "checkpoint_due"
    VALIDATION_DUE = "validation_due"
    VALUES_LOGGED = "values_logged"
    VALIDATION_COMPLETED = "validation_completed"
    CHECKPOINT_SAVED = "checkpoint_saved"


def add_events(trainer: Engine) -> None:
    """Let an engine fire these events."""
    trainer.register_events(
        *TrainingEvents, event_to_attr=dict.fromkeys(TrainingEvents, "iteration")
    )
