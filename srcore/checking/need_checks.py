"""Whether what parts need is there, as ``needs`` and ``provides`` say at registration.

Losses, networks, discriminators and datasets need what the method provides or the batch holds; a
method needs what its networks provide or the batch holds. Which entries a batch holds, and whether
that is known, is told by :mod:`srcore.checking.entry_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator

from srcore.capabilities import option_capability
from srcore.checking.entry_checks import entry_makers, training_entries
from srcore.checking.role_checks import where_of
from srcore.config.schema import Experiment
from srcore.errors import Problem
from srcore.options import Selected
from srcore.plugin.building import Component
from srcore.plugin.registry import Registry

_WORDS = {"discriminator": "a discriminator", "ema_sr": "the EMA generator"}
#: What is never an entry of the batch, though no installed method may provide it.
_OF_METHODS = {"discriminator", "ema_sr", "condition"}


def need_problems(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    """Needs that nothing in the experiment provides, with the parts that would."""
    method = experiment.training_method.component
    entries = training_entries(experiment, registry)
    yield from _method_problems(experiment, registry, entries)
    parts = [(f"losses[{index}]", loss.selected) for index, loss in enumerate(experiment.losses)]
    for role in experiment.roles():
        table = experiment.network_table(role)
        if table is not None:
            parts.append((where_of(role), table.selected))
    if experiment.data.train is not None:
        parts.append(("data.train", experiment.data.train.selected))
    for path, part in parts:
        yield from _unmet(registry, f"{path}.type", part, method, entries)
    for loss in experiment.losses:
        if "ema_sr" in loss.selected.component.needs & method.provides and not experiment.uses_ema:
            who = f'"{loss.selected.type}" needs {_WORDS["ema_sr"]}'
            message = f"{who}; expected a decay such as 0.999, found 0"
            yield Problem("train.ema_decay", message)
    if not experiment.losses and "losses" not in method.provides:
        message = 'no loss to train with; add a [[losses]] table, e.g. type = "l1"'
        yield Problem("losses", message)


def _method_problems(
    experiment: Experiment, registry: Registry, entries: set[str] | None
) -> Iterator[Problem]:
    method = experiment.training_method.component
    tables = [(role, experiment.network_table(role)) for role in experiment.roles()]
    there = (entries or set()).union(
        *(table.selected.component.provides for _, table in tables if table is not None)
    )
    generator = experiment.generator
    for need in sorted(method.needs - there):
        fitting = _providers(registry, "network", need)
        if fitting and generator is not None:
            who = f'"{generator.selected.type}" lacks {need}, which method "{method.name}" needs'
            yield Problem("generator.type", f"{who}; fitting: {', '.join(fitting)}")
        elif not fitting and entries is not None and experiment.data.train is not None:
            name = experiment.data.train.selected.type
            who = f'"{name}" has no {need}, which method "{method.name}" needs'
            yield Problem("data.train.type", f"{who}{entry_makers(registry, need)}")


def _unmet(
    registry: Registry, path: str, part: Selected, method: Component, entries: set[str] | None
) -> Iterator[Problem]:
    """Needs of a part that neither the method nor the batch meets."""
    for need in sorted(part.component.needs - _given(method) - (entries or set())):
        methods = _providers(registry, "method", need)
        who = f'"{part.type}" needs {_WORDS.get(need, need)}'
        if methods or need in _OF_METHODS:
            hint = f"; methods that do: {', '.join(methods)}" if methods else ""
            yield Problem(path, f'{who}, which method "{method.name}" does not provide{hint}')
        elif entries is not None:
            there = ", ".join(sorted(entries))
            yield Problem(
                path, f"{who} in the batch; there is {there}{entry_makers(registry, need)}"
            )


def _given(method: Component) -> frozenset[str]:
    """What a method provides; older ones with a discriminator say nothing of conditions."""
    if "discriminator" in method.provides and option_capability(method.options, "roles") is None:
        return method.provides | {"condition"}
    return method.provides


def _providers(registry: Registry, kind: str, need: str) -> list[str]:
    return [it.name for it in registry.components(kind) if need in it.provides]
