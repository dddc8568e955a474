"""Whether a training is to end: a signal came to some process, or somebody asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ignite import distributed as idist

if TYPE_CHECKING:
    from ignite.engine import Engine

    from srcore.engine.run import Run

_SIGTERM = 15


def is_to_stop(run: Run, trainer: Engine) -> bool:
    """Whether any process was told to stop; all of them ask, and stop after the same iteration.

    A process that stops for another one knows it afterwards as if it had been told itself.
    """
    asked = run.stop_reason or trainer.should_terminate
    requested = 2 if run.stop.signal_number is not None else 1 if asked else 0
    if idist.get_world_size() > 1:
        requested = int(idist.all_reduce(float(requested), op="MAX"))
        if requested == 2 and run.stop.signal_number is None:
            run.stop.signal_number = _SIGTERM
        if requested == 1 and not asked:
            run.stop_reason = "another process asked for it"
    return requested > 0
