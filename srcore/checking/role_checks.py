"""Checks of the networks of a method: which tables there must be, and what may name them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from srcore.capabilities import capability
from srcore.config.schema import Experiment, GeneratorTable
from srcore.contracts import Role
from srcore.errors import Problem
from srcore.options import Selected
from srcore.plugin.building import Component
from srcore.plugin.registry import Registry
from srcore.plugin.targets import resolve
from srcore.suggest import closest

#: Roles with a table of their own at the top of the file.
OWN_TABLES = ("generator", "discriminator")
_LOSS = re.compile(r"losses\[(\d+)\]")


def where_of(role: str) -> str:
    """Path of the table that configures a role."""
    return role if role in OWN_TABLES else f"networks.{role}"


def seen_from(experiment: Experiment, path: str) -> Experiment:
    """The experiment as a part sees it whose network is another than the generator.

    Losses and discriminators look at what the generator makes; those of another network find that
    one in its place.

    Args:
        experiment: of the stage.
        path: of the table of the part.
    """
    table = experiment.networks.get(_owner(experiment, path))
    if table is None or experiment.generator is None:
        return experiment
    generator = attrs.evolve(experiment.generator, selected=table.selected)
    return attrs.evolve(experiment, generator=generator)


def _owner(experiment: Experiment, path: str) -> str:
    """The network that a loss is for, or whose images a discriminator judges; else none."""
    if loss := _LOSS.match(path):
        return experiment.losses[int(loss[1])].for_
    for name, role in experiment.roles().items():
        if role.kind == "discriminator" and f"{path}.".startswith(f"{where_of(name)}."):
            return role.judges
    return ""


def role_problems(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    """Networks that are missing, that nobody uses, or that cannot play their role."""
    roles = experiment.roles()
    name = experiment.training_method.type
    for role_name, role in roles.items():
        yield from _table_problems(experiment, registry, role_name, role)
    if experiment.discriminator is not None and "discriminator" not in roles:
        message = f'method "{name}" has no use for it; set method.type = "gan" or remove the table'
        yield Problem("discriminator", message)
    for key in experiment.networks:
        yield from _unused_problems(key, roles, name)
    yield from _target_problems(experiment, roles, name)
    yield from _idle_problems(experiment, roles)
    yield from _optimized_problems(experiment)


def _table_problems(
    experiment: Experiment, registry: Registry, name: str, role: Role
) -> Iterator[Problem]:
    where, method = where_of(name), experiment.training_method.type
    table = experiment.network_table(name)
    if table is None:
        if name == "generator":
            yield Problem(where, "required table is missing; it names the network to train")
        else:
            verb = "trains" if role.trained else "works with"
            kind = role.kind if name == role.kind else f'{role.kind} "{name}"'
            message = f'required table is missing; method "{method}" {verb} a {kind}'
            yield Problem(where, message)
        return
    if role.needs_weights and table.weights is None:
        yield Problem(
            f"{where}.weights",
            f'required key is missing; method "{method}" needs a trained network here',
        )
    if isinstance(table, GeneratorTable) and table.checkpointing:
        yield from _checkpointing_problems(table.selected, registry, where)
    if "shrinks" in table.selected.component.provides and "shrinks" not in role.needs:
        message = f'"{table.selected.type}" makes small images of large ones'
        yield Problem(f"{where}.type", f'{message}; method "{method}" needs one that enlarges')
    missing = sorted(set(role.needs) - table.selected.component.provides)
    if missing:
        fitting = [
            component.name
            for component in registry.components(role.kind)
            if set(role.needs) <= component.provides
        ]
        yield Problem(
            f"{where}.type",
            f'"{table.selected.type}" lacks {", ".join(missing)}, which method "{method}" needs; '
            f"fitting: {', '.join(fitting) or 'none is installed'}",
        )


def _checkpointing_problems(
    selected: Selected, registry: Registry, where: str
) -> Iterator[Problem]:
    if "checkpointed" not in selected.component.provides:
        known = [it.name for it in registry.components("network") if "checkpointed" in it.provides]
        message = f'"{selected.type}" has no blocks that can be computed again; remove it'
        yield Problem(f"{where}.checkpointing", f"{message}, or take one of {', '.join(known)}")


def _unused_problems(key: str, roles: dict[str, Role], method: str) -> Iterator[Problem]:
    if key in OWN_TABLES:
        yield Problem(f"networks.{key}", f"this network has a table of its own; write [{key}]")
    elif key not in roles:
        known = [name for name in roles if name not in OWN_TABLES]
        hint = closest(key, known) or f"its further networks: {', '.join(known) or 'none'}"
        yield Problem(f"networks.{key}", f'method "{method}" has no network "{key}"; {hint}')


def _target_problems(
    experiment: Experiment, roles: dict[str, Role], method: str
) -> Iterator[Problem]:
    possible = [name for name, role in roles.items() if role.takes_losses]
    for index, loss in enumerate(experiment.losses):
        if loss.for_ not in possible:
            message = f'method "{method}" has no losses for "{loss.for_}"'
            hint = closest(loss.for_, possible) or f"expected one of {', '.join(possible)}"
            yield Problem(f"losses[{index}].for", f"{message}; {hint}")


def _idle_problems(experiment: Experiment, roles: dict[str, Role]) -> Iterator[Problem]:
    """Discriminators that no loss trains, or a penalty alone."""
    if "discriminator" not in experiment.training_method.component.provides:
        return  # the method trains it by itself
    for name, role in roles.items():
        is_there = experiment.network_table(name) is not None
        if role.kind != "discriminator" or not role.trained or not is_there:
            continue
        own = [it.selected.component for it in experiment.losses if it.for_ == role.judges]
        others = [it for it in own if "penalty" not in it.provides]
        if not any("discriminator" in it.needs or _may_train(it) for it in others):
            to = "" if role.judges == "generator" else f' and for = "{role.judges}"'
            message = f'nothing trains it; add [[losses]] with type = "adversarial"{to}'
            yield Problem(where_of(name), message)


def _may_train(component: Component) -> bool:
    """Whether a loss that says nothing of discriminators has terms for one."""
    target = resolve(component.target, component.label, component.owner)
    is_known = isinstance(target, type)
    return not is_known or capability("loss", target, "discriminator_terms") is not None


def _optimized_problems(experiment: Experiment) -> Iterator[Problem]:
    trained = experiment.trained()
    for table in ("optimizer", "schedule"):
        for name in getattr(experiment, table):
            if name not in trained:
                message = f"no such network is trained; trained: {', '.join(sorted(trained))}"
                yield Problem(f"{table}.{name}", message)
