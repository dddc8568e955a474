"""Do the data and transforms make the batch entries that something reads?

Datasets and transforms say by ``entries`` of their options what they put into a batch; keys
declared with ``option(..., entry=True)`` name what is read. Where a component does not say, nothing
can be known, and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from srcore.config.schema import Experiment
from srcore.config.suggest import closest
from srcore.errors import Problem
from srcore.messages import shown
from srcore.options import declaration_of, key_of
from srcore.plugin_manager import plugins
from srcore.selection import Selected


def entry_problems(experiment: Experiment) -> Iterator[Problem]:
    """Entries that are read and that nobody makes, in training and validation."""
    train = experiment.data.train
    if train is not None:
        entries, found = _through("data.train", train.choice, train.transforms)
        yield from found
        if entries is not None:
            yield from _missing_lr("data.train", entries)
            for index, loss in enumerate(experiment.losses):
                yield from _unmade(f"losses[{index}]", loss.choice.options, entries)
    for name, table in experiment.data.validation.items():
        entries, found = _through(f"data.validation.{name}", table.choice, table.transforms)
        yield from found
        if entries is not None:
            yield from _missing_lr(f"data.validation.{name}", entries)


def _through(
    path: str, dataset: Selected, transforms: Iterable[Selected]
) -> tuple[set[str] | None, list[Problem]]:
    """What is in a batch behind the last transform (None: unknown), and what they miss."""
    problems: list[Problem] = []
    entries = _entries(dataset)
    for index, transform in enumerate(transforms):
        added = _entries(transform)
        if entries is None or added is None:
            return None, problems
        problems += _unmade(f"{path}.transforms[{index}]", transform.options, entries)
        entries |= added
    return entries, problems


def _entries(selected: Selected) -> set[str] | None:
    # Not what a class of options inherits: a plugin's dataset may hold more than ours.
    declares = "entries" in vars(type(selected.options))
    return set(selected.options.entries()) if declares else None


def _unmade(path: str, options: Any, entries: set[str]) -> Iterator[Problem]:
    for field in attrs.fields(type(options)):
        name = getattr(options, field.name)
        if not declaration_of(field).entry or name is None or name in entries:
            continue
        hint = _maker(name) or closest(name, entries)
        message = f"no batch entry {shown(name)}; the batch holds {', '.join(sorted(entries))}"
        yield Problem(f"{path}.{key_of(field)}", f"{message}; {hint}" if hint else message)


def _missing_lr(path: str, entries: set[str]) -> Iterator[Problem]:
    if "lr" not in entries:
        message = "no low-resolution images: nothing makes the batch entry lr; "
        yield Problem(path, message + 'add a transform such as "bicubic", or set downscale')


def _maker(name: str) -> str:
    """Which transform makes an entry, as far as its defaults say."""
    for component in plugins().registry.components("transform"):
        try:
            options = component.options()
        except TypeError:  # has required keys
            continue
        declared = getattr(options, "entries", None)
        if declared is not None and name in declared():
            return f'transform "{component.name}" makes it'
    return ""
