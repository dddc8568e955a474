"""What a longer training does otherwise than one that was that long from the start."""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

from srcore.capabilities import capability

if TYPE_CHECKING:
    from srcore.engine.parts import Parts


def extension_concerns(parts: Parts, method: Any) -> Iterator[str]:
    """Names of everything that goes by the share of the training that is done.

    Args:
        parts: what is trained.
        method: the method; its labels count too.
    """
    experiment = parts.experiment
    for name, table in experiment.schedule.items():
        if table.selected.asks_for("iterations"):
            yield f'schedule.{name} "{table.selected.type}"'
    for term in parts.losses:
        if reads_progress(term.loss):
            yield f'loss "{term.label}"'
    for made in parts.roles.values():
        for entry in made.inputs:
            if reads_progress(entry):
                yield f"{made.name}.inputs {type(entry).__name__}"
    for what in (method, capability("method", method, "labels")):
        if what is not None and reads_progress(what):
            yield f"method {type(what).__name__}"


def reads_progress(part: Any) -> bool:
    """Whether the code of an object looks at ``progress``, its parameter or the context's.

    Methods of the core only hand it on.
    """
    return any(
        _reads(function)
        for kind in type(part).__mro__
        if not kind.__module__.startswith(("srcore.methods", "torch."))
        for function in vars(kind).values()
        if isinstance(function, FunctionType)
    )


def _reads(function: Callable[..., Any]) -> bool:
    for step in dis.get_instructions(function):
        names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if "progress" in names and step.opname.startswith("LOAD"):
            return True
    return False
