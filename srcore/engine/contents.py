"""What the state of a training consists of: put together, and put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from ignite import distributed as idist

from srcore.engine.part_state import restore, state_to_save
from srcore.runs.checkpoint import FORMAT

if TYPE_CHECKING:
    from srcore.engine.parts import Parts

#: Entries of parts that differ between processes: a pool of pairs, for example.
_OF_PARTS = ("transforms", "losses", "others")
#: All that differ.
_OF_PROCESSES = (*_OF_PARTS, "bad_images", "means")


def training_state(
    parts: Parts,
    others: Mapping[str, Any] = MappingProxyType({}),
    own: Mapping[str, Any] = MappingProxyType({}),
    *,
    other_ranks: Sequence[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Everything that the next iteration depends on, as tensors and plain values.

    Random generators are not part of it: every iteration seeds them (:mod:`srcore.seeding`).

    Args:
        parts: what is trained.
        others: further objects with state by name, such as the method.
        own: further entries that differ between processes.
        other_ranks: such entries of the processes 1, 2, ... where they are known. Else all of them
            must call it, and the first one's result is complete.
    """
    trained = trained_state(parts, others)
    own = {**{name: trained[name] for name in _OF_PARTS}, **own}
    averages = parts.averages
    return {
        "format": FORMAT,
        "iteration": parts.iteration,
        **trained,
        **own,
        "networks": {name: network.state_dict() for name, network in parts.networks.items()},
        "average_updates": {name: average.updates for name, average in averages.items()},
        "evaluated": parts.evaluated(),
        "other_ranks": _from_other_ranks(own) if other_ranks is None else list(other_ranks),
    }


def of_this_process(state: dict[str, Any]) -> dict[str, Any]:
    """A saved state with the entries of this process; None where it was not there before."""
    ranks = [state, *state["other_ranks"]]
    own = ranks[idist.get_rank()] if idist.get_rank() < len(ranks) else {}
    return {**state, **dict.fromkeys(_OF_PROCESSES), **own}


def restore_training_state(
    parts: Parts, state: dict[str, Any], others: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Put a saved state, that of this process, back into freshly built parts and ``others``."""
    restore_trained_state(parts, state, others)
    for name, average in parts.averages.items():
        average.network.load_state_dict(state["networks"][name])
        average.updates = int(state.get("average_updates", {}).get(name, state["iteration"]))
    parts.iteration = int(state["iteration"])


def trained_state(parts: Parts, others: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """What an iteration of this process may change before the running averages follow."""
    return {
        "networks": {name: network.state_dict() for name, network in parts.trained.items()},
        "optimizers": {name: u.optimizer.state_dict() for name, u in parts.updaters.items()},
        "scaler": parts.loss_scale.state_dict(),
        "transforms": [state_to_save(transform) for transform in parts.transforms],
        "losses": [state_to_save(term.loss) for term in parts.losses],
        "others": {name: state_to_save(other) for name, other in others.items()},
    }


def restore_trained_state(
    parts: Parts, state: dict[str, Any], others: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Put back what :func:`trained_state` gave; what differs between processes may be None."""
    for name, network in parts.trained.items():
        network.load_state_dict(state["networks"][name])
    for name, updater in parts.updaters.items():
        updater.optimizer.load_state_dict(state["optimizers"][name])
    parts.loss_scale.load_state_dict(state["scaler"])
    losses = [term.loss for term in parts.losses]
    for owners, saved in ((parts.transforms, state["transforms"]), (losses, state["losses"])):
        for owner, its_state in zip(owners, saved or (), strict=saved is not None):
            restore(owner, its_state)
    for name, its_state in (state["others"] or {}).items():  # absent in older checkpoints
        if name in others:  # handlers may be others after a resume
            restore(others[name], its_state)


def is_of_all_processes(parts: Parts, others: Mapping[str, Any]) -> bool:
    """Whether each of several processes holds a part of what the next iterations depend on."""
    if idist.get_world_size() == 1:
        return False
    losses = [term.loss for term in parts.losses]
    objects = (*parts.transforms, *losses, *others.values())
    return any(state_to_save(it) is not None for it in objects)


def _from_other_ranks(own: Mapping[str, Any]) -> list[Any]:
    """Own states of the processes 1, 2, ..., for the first process."""
    if idist.get_world_size() == 1:
        return []
    is_first = idist.get_rank() == 0
    everyone: list[Any] | None = [None] * idist.get_world_size() if is_first else None
    torch.distributed.gather_object(on_cpu(own), everyone, dst=0)
    return everyone[1:] if everyone is not None else []


def on_cpu(value: Any) -> Any:
    """Nested states with all tensors on the CPU: a process has no use for another one's device."""
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {name: on_cpu(item) for name, item in value.items()}
    return [on_cpu(item) for item in value] if isinstance(value, list) else value
