"""The handlers of a stage: built, continued and attached in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcore.capabilities import capability
from srcore.plugin.calling import call
from srcore.plugin.manager import plugins

if TYPE_CHECKING:
    from ignite.engine import Engine

    from srcore.config.schema import Experiment
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run


#: Always there unless the experiment says ``enabled = false``, and attached first.
STANDARD = ("tensorboard",)


class Handlers:
    """Objects that do something beside the iterations, in the order in which they are attached.

    Attributes:
        stateful: those with a state by its name in checkpoints. A resumed run may have others: the
            state of one that is not there any more is passed over, a new one starts afresh.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._built = _standard(experiment) | {
            f"handlers.{table.choice.type}.{table.label}": table.choice.build()
            for table in experiment.handlers
            if table.enabled and table.label not in STANDARD
        }
        self.stateful: dict[str, Any] = {
            name: made for name, made in self._built.items() if hasattr(made, "state_dict")
        }

    def attach(self, run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
        """Attach all; their states were loaded."""
        for made in self._built.values():
            call("handler", made, run, parts, trainer, evaluator, method="attach")

    def close(self) -> None:
        """The training has ended, however it did."""
        for made in self._built.values():
            close = capability("handler", made, "close")
            if close is not None:
                close()


def _standard(experiment: Experiment) -> dict[str, Any]:
    """Those that need no table; the place in the order is theirs, options are those of a table."""
    listed = {table.label: table for table in experiment.handlers}
    built = {}
    for name in STANDARD:
        if name not in listed:
            entry = plugins().registry.get("handler", name)
            built[f"handlers.{name}.{name}"] = entry.build(entry.options())
        elif listed[name].enabled:
            built[f"handlers.{name}.{name}"] = listed[name].choice.build()
    return built
