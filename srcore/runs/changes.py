"""Settings of a run that is resumed beside those it was started with: refused, or applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from srcore.config.plain_tables import as_table, flat
from srcore.config.reading import parse_experiment
from srcore.config.schema import Experiment, TrainTable
from srcore.config.structure import Structurer
from srcore.errors import SrcoreError
from srcore.options import Selected
from srcore.options.declaration import declaration_of, is_inline, key_of
from srcore.plugin.registry import Registry
from srcore.runs.folder import RunFolder

#: Keys that may change and on which measured values depend.
_MEASURING_KEYS = ("metrics", "data.validation")
#: Keys that are younger than some runs, and what those runs did.
_BEFORE = {"train.ema_warmup": False}


@attrs.frozen
class Change:
    """A key whose value is another one than in the run that is resumed.

    Attributes:
        key: dotted path in the experiment.
        before: value that the run was started with, or ``"absent"``.
        now: value that it is resumed with, or ``"absent"``.
        is_free: the training goes on as it would have, but for what the key is about.
    """

    key: str
    before: Any
    now: Any
    is_free: bool

    @property
    def is_measuring(self) -> bool:
        """Whether what was measured before cannot be compared with what is measured now."""
        return _is_below(self.key, _MEASURING_KEYS)

    def __str__(self) -> str:
        return f"{self.key} was {self.before}, now {self.now}"


def changes(folder: Path, experiment: Experiment, registry: Registry) -> list[Change]:
    """All changed keys of a stage since it was started; none if it was not."""
    file = RunFolder(folder).experiment
    if not file.is_file():
        return []
    table, now = parse_experiment(file), flat(as_table(experiment))
    before = flat(table)
    for key, value in _unwritten(table, experiment, registry).items():
        if key in now:
            before.setdefault(key, value)
    free = set(may_change(experiment))
    return [
        Change(key, before.get(key, "absent"), now.get(key, "absent"), _is_below(key, free))
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]


def _unwritten(table: dict[str, Any], experiment: Experiment, registry: Registry) -> dict[str, Any]:
    """What keys that are younger than a run, and tables that it was started without, were in it."""
    started = attrs.evolve(
        experiment,
        method=experiment.method if "method" in table else None,
        metrics=(),
        optimizer={},
        train=TrainTable(),
    ).completed(Structurer(registry).structure)
    filled: dict[str, Any] = {"train": started.train}
    filled |= {name: getattr(started, name) for name in ("method", "metrics") if name not in table}
    of_networks = table.get("optimizer", {})
    filled["optimizer"] = {k: v for k, v in started.optimizer.items() if k not in of_networks}
    return flat(as_table(filled)) | _BEFORE


def may_change(value: Any, path: str = "") -> Iterator[str]:
    """Paths of an experiment whose values, and all below them, were declared to be free."""
    if isinstance(value, Selected):
        value = value.options
    if isinstance(value, dict):
        for key, item in value.items():
            yield from may_change(item, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from may_change(item, f"{path}[{index}]")
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            inner = path if is_inline(field) else f"{path}.{key_of(field)}".lstrip(".")
            if declaration_of(field).may_change:
                yield inner
            else:
                yield from may_change(getattr(value, field.name), inner)


def refuse_changes(folder: Path, changed: Sequence[Change]) -> None:
    """Refuse changes that would not continue the same training.

    Raises:
        SrcoreError: all changes that are not free.
    """
    bad = [str(change) for change in changed if not change.is_free]
    if bad:
        raise SrcoreError(
            f"{folder}: cannot resume with other settings: {'; '.join(bad)}; "
            "undo the change, choose another name, or start anew with --overwrite"
        )


def _is_below(key: str, tops: Iterable[str]) -> bool:
    return any(key == top or key.startswith((f"{top}.", f"{top}[")) for top in tops)
