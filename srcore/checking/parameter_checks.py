"""Groups of parameters and frozen ones: their keys, and whether there are such parameters.

Torch is imported only where an experiment has patterns: the networks are then built without memory,
and the optimizers for them, so that the answer is the run's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from srcore.capabilities import option_capability
from srcore.checking.role_checks import where_of
from srcore.config.group_table import GroupTable
from srcore.config.invalid import Invalid
from srcore.config.schema import Experiment, OptimizerTable
from srcore.config.structure import Structurer
from srcore.errors import Problem
from srcore.optimization.overriding import overridden, rates
from srcore.options.declaration import key_of
from srcore.plugin.registry import Registry
from srcore.suggest import closest


def parameter_problems(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    """What is wrong with ``groups`` and ``frozen``."""
    problems = [
        problem
        for name, table in experiment.optimizer.items()
        for index, group in enumerate(table.groups)
        for problem in _group_problems(
            experiment, table, group, registry, f"optimizer.{name}.groups[{index}]"
        )
    ]
    yield from problems
    for name, role in experiment.roles().items():
        table = experiment.network_table(name)
        if table is None:
            continue
        optimizer = experiment.optimizer.get(name)
        groups = optimizer.groups if optimizer is not None else ()
        where = where_of(name)
        if table.frozen and not role.trained:
            yield Problem(f"{where}.frozen", "nothing of this network is trained; remove the key")
        elif (table.frozen or groups) and not problems:
            from srcore.optimization.trying import pattern_problems

            context = {"scale": experiment.scale} if role.kind == "network" else {}
            yield from pattern_problems(table, optimizer, f"optimizer.{name}", where, context)


def _group_problems(
    experiment: Experiment, table: OptimizerTable, group: GroupTable, registry: Registry, where: str
) -> Iterator[Problem]:
    options = table.selected.options
    known = [key_of(field) for field in attrs.fields(type(options))]
    for key, value in group.overrides.items():
        if key == "type":
            yield Problem(f"{where}.type", "groups have the optimizer of their table; remove it")
        elif key not in known:
            here = sorted([*known, "match", "learning_rate_factor"])
            there_are = f"known keys of groups of {table.selected.type}: {', '.join(here)}"
            hint = closest(key, here) or there_are
            yield Problem(f"{where}.{key}", f"unknown key; {hint}")
        else:
            yield from _value_problems(experiment, table, key, value, registry, where)
    if not group.patterns:
        yield Problem(f"{where}.match", "expected at least one pattern, found none")
    if group.learning_rate_factor != 1:
        twice = [key for key in rates(options) if key in group.overrides]
        if twice:
            message = f"{twice[0]} is given too; remove one of both"
            yield Problem(f"{where}.learning_rate_factor", message)
        elif not rates(options):
            message = f'"{table.selected.type}" has no learning rate among its keys here'
            yield Problem(f"{where}.learning_rate_factor", message)


def _value_problems(
    experiment: Experiment,
    table: OptimizerTable,
    key: str,
    value: object,
    registry: Registry,
    where: str,
) -> Iterator[Problem]:
    structurer, options = Structurer(registry), table.selected.options
    try:
        structurer.structure_table({key: value}, type(options))
    except Invalid as error:
        own = [it for it in error.problems if it.path.partition(".")[0] == key]
        yield from (it.below(where) for it in own)
        if own:
            return
    changed = overridden(table.selected, {key: value}).options
    check = option_capability(changed, "problems")
    before = list(option_capability(options, "problems")(experiment)) if check else []
    for inner, message in check(experiment) if check else ():
        if (inner, message) not in before:
            yield Problem(f"{where}.{inner}", message)
