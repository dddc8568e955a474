"""The handlers of a stage: built, continued and attached in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcore.capabilities import capability
from srcore.plugin.calling import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ignite.engine import Engine

    from srcore.config.schema import Experiment, HandlerTable
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.plugin.registry import Registry


#: Always there, and attached before the functions of the hook ``srcore_engines_created``: what
#: happened is written down when others are told of it.
FIRST = ("records", "log", "progress", "pictures")
#: Always there, and attached after them: at the end of an iteration they may change weights, which
#: then are saved.
NEXT = ("checkpoint", "validation", "tensorboard")


class Handlers:
    """Objects that do something beside the iterations, in the order in which they are attached.

    Attributes:
        stateful: those with a state by its name in checkpoints. A resumed run may have others: the
            state of one that is not there any more is passed over, a new one starts afresh.
    """

    def __init__(self, experiment: Experiment, registry: Registry) -> None:
        listed = {table.label: table for table in experiment.handlers}
        self._first = _standard(FIRST, listed, registry)
        self._then = _standard(NEXT, listed, registry) | {
            f"handlers.{table.selected.type}.{label}": table.selected.build()
            for label, table in listed.items()
            if table.enabled and label not in FIRST + NEXT
        }
        self.stateful: dict[str, Any] = {
            name: made
            for name, made in (self._first | self._then).items()
            if capability("handler", made, "state_dict") is not None
        }

    def attach_first(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Attach those that come before anybody else's; their states were loaded."""
        for made in self._first.values():
            call("handler", made, run, parts, trainer, evaluator, method="attach")

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Attach the others; their states were loaded."""
        for made in self._then.values():
            call("handler", made, run, parts, trainer, evaluator, method="attach")

    def close(self) -> None:
        """The training has ended, however it did."""
        for made in (self._first | self._then).values():
            close = capability("handler", made, "close")
            if close is not None:
                close()


def _standard(
    names: tuple[str, ...], listed: Mapping[str, HandlerTable], registry: Registry
) -> dict[str, Any]:
    """Those that need no table; the place in the order is theirs, options are those of a table."""
    built = {}
    for name in names:
        if name not in listed:
            entry = registry.get("handler", name)
            built[f"handlers.{name}.{name}"] = entry.build(entry.options())
        elif listed[name].enabled:
            built[f"handlers.{name}.{name}"] = listed[name].selected.build()
    return built
