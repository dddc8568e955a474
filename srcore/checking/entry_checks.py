"""Do the data and transforms make the batch entries that something reads?

Datasets and transforms say by ``entries`` of their options, or where no key matters by ``provides``
at registration, what they put into a batch; methods say by ``entries`` what losses see beside that.
Keys declared with ``option(..., entry=True)`` and ``needs`` name what is read. Where a component
does not say, nothing can be known, and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from srcore.capabilities import option_capability
from srcore.config.schema import Experiment
from srcore.data.wrapping import entries_of
from srcore.errors import Problem
from srcore.messages import shown
from srcore.options import Selected
from srcore.options.declaration import declaration_of, key_of
from srcore.plugin.registry import Registry
from srcore.suggest import closest


def entry_problems(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    """Entries that are read and that nobody makes, in training and validation."""
    train = experiment.data.train
    if train is not None:
        entries, problems = _entries_behind(
            registry, "data.train", train.selected, train.transforms
        )
        yield from problems
        if entries is not None:
            yield from _missing_lr("data.train", entries)
            entries |= _entries_of_method(experiment)
            for index, loss in enumerate(experiment.losses):
                yield from _unmade(registry, f"losses[{index}]", loss.selected.options, entries)
    for name, table in experiment.data.validation.items():
        entries, problems = _entries_behind(
            registry, f"data.validation.{name}", table.selected, table.transforms
        )
        yield from problems
        if entries is not None:
            yield from _missing_lr(f"data.validation.{name}", entries)


def training_entries(experiment: Experiment, registry: Registry) -> set[str] | None:
    """What is in a batch of the training behind the last transform; None if that is unknown."""
    train = experiment.data.train
    if train is None:
        return None
    return _entries_behind(registry, "", train.selected, train.transforms)[0]


def entry_makers(registry: Registry, need: str) -> str:
    """Which datasets and transforms make an entry, as the end of a message."""
    told = [
        f"{kind} {', '.join(names)}"
        for kind in ("dataset", "transform")
        if (names := [it.name for it in registry.components(kind) if need in it.provides])
    ]
    maker = _maker(registry, need)
    return f"; it comes with {' or '.join(told)}" if told else f"; {maker}" if maker else ""


def _entries_behind(
    registry: Registry, path: str, dataset: Selected, transforms: Iterable[Selected]
) -> tuple[set[str] | None, list[Problem]]:
    """What is in a batch behind the last transform (None: unknown), and what they miss."""
    problems: list[Problem] = []
    entries = entries_of(dataset)
    for index, transform in enumerate(transforms):
        if entries is None:
            return None, problems
        where = f"{path}.transforms[{index}]"
        problems += _unmade(registry, where, transform.options, entries)
        for need in sorted(transform.component.needs - entries):
            message = f'"{transform.type}" needs {need} in the batch; there is '
            message += ", ".join(sorted(entries)) + entry_makers(registry, need)
            problems.append(Problem(f"{where}.type", message))
        added = entries_of(transform)
        entries = None if added is None else entries | added
    return entries, problems


def _entries_of_method(experiment: Experiment) -> set[str]:
    """What the method puts into the batch that losses see."""
    declared = option_capability(experiment.training_method.options, "entries")
    return set() if declared is None else set(declared())


def _unmade(registry: Registry, path: str, options: Any, entries: set[str]) -> Iterator[Problem]:
    for field in attrs.fields(type(options)):
        name = getattr(options, field.name)
        if not declaration_of(field).entry or name is None or name in entries:
            continue
        hint = _maker(registry, name) or closest(name, entries)
        message = f"no batch entry {shown(name)}; the batch holds {', '.join(sorted(entries))}"
        yield Problem(f"{path}.{key_of(field)}", f"{message}; {hint}" if hint else message)


def _missing_lr(path: str, entries: set[str]) -> Iterator[Problem]:
    if "lr" not in entries:
        message = "no low-resolution images: nothing makes the batch entry lr; "
        yield Problem(path, message + 'add a transform such as "bicubic", or set downscale')


def _maker(registry: Registry, name: str) -> str:
    """Which transform makes an entry, as far as its defaults say."""
    for component in registry.components("transform"):
        try:
            options = component.options()
        except TypeError:  # has required keys
            continue
        declared = option_capability(options, "entries")
        if declared is not None and name in declared():
            return f'transform "{component.name}" makes it'
    return ""
