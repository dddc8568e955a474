"""What methods, stages, optimizers, schedules and handlers are tried for."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from srcore.engine.loss_scale import LossScale
from srcore.engine.part_state import restore, state_to_save
from srcore.engine.updater import Updater, build_schedule
from srcore.optimization.building import build_optimizer
from srcore.options import Selected
from srcore.plugin.calling import call
from srcore.testing.checks.losses import plain_state
from srcore.testing.runs import differing_ends, killed_and_resumed, own_experiment
from srcore.testing.specimen import Specimen, is_same

_SECONDS = 10.0  # more than it takes to build a handler


def takes_part(specimen: Specimen) -> Iterator[str]:
    """The experiment that the contract names uses it: only a training can try it."""
    component = specimen.component
    if (component.kind, component.name) not in specimen.used:
        where = "experiment and overrides of the contract"
        yield f"expected {where} to use it, found a training without it"


def minimizes(specimen: Specimen) -> Iterator[str]:
    """Steps make the loss of a small network smaller; parameters without gradient stay."""
    updater = _updater(specimen)
    kept = updater.network.get_parameter("1.weight").clone()
    values = [_step(updater, iteration) for iteration in range(1, 21)]
    if not all(map(math.isfinite, values)) or values[-1] >= values[0]:
        yield f"expected a smaller loss after 20 steps, found {values[0]:.4g} and {values[-1]:.4g}"
    if not torch.equal(updater.network.get_parameter("1.weight"), kept):
        yield "expected a parameter without gradient to stay, found it changed"


def optimizer_state_goes_on(specimen: Specimen) -> Iterator[str]:
    """A new one that takes state and weights goes on to the bit."""
    first = _updater(specimen)
    for iteration in range(1, 4):
        _step(first, iteration)
    second = _updater(specimen)
    second.network.load_state_dict(first.network.state_dict())
    state = copy.deepcopy(first.optimizer.state_dict())
    yield from plain_state(state)
    second.optimizer.load_state_dict(state)
    for updater in (first, second):
        for iteration in range(4, 7):
            _step(updater, iteration)
    for name, value in first.network.named_parameters():
        if not torch.equal(value, second.network.get_parameter(name)):
            yield f"expected {name} to go on as before a resume, found it elsewhere"


def gives_rates(specimen: Specimen) -> Iterator[str]:
    """A finite rate >= 0 for every iteration, a pure function of base and iteration."""
    schedule = build_schedule(Selected(specimen.component, specimen.options), 100)
    forwards = [call("schedule", schedule, 1e-3, iteration) for iteration in range(1, 101)]
    for iteration, rate in enumerate(forwards, start=1):
        if not rate >= 0:
            yield f"expected a rate >= 0, found {rate} in iteration {iteration}"
            return
    backwards = [call("schedule", schedule, 1e-3, iteration) for iteration in range(100, 0, -1)]
    if forwards != backwards[::-1]:
        yield "expected a pure function of the iteration, found other rates when asked again"


def goes_on_after_a_kill(specimen: Specimen) -> Iterator[str]:
    """A training with it that was killed and resumed ends as one that was not; it takes its state.

    Its own state may hold times, which differ between runs: it is compared with itself.
    """
    keys = {"type": specimen.component.name, **specimen.keys}
    loaded = own_experiment(specimen.folder, {"handlers": [keys]})
    ends, resumed = killed_and_resumed(loaded, specimen.folder / specimen.component.name)
    own = [state.pop("others", {}) for end in (ends, *resumed) for state in end.values()]
    for difference in differing_ends(ends, resumed):
        yield f"expected the same end after a kill and resume, found other {difference}"
    for name, state in own[0].items():
        if name.startswith(f"handlers.{specimen.component.name}."):
            yield from plain_state(state)
            second = specimen.build()
            restore(second, state)
            if not _was_taken_back(state, state_to_save(second)):
                yield "expected load_state_dict() to take back what state_dict() gave, found others"


def _was_taken_back(saved: Any, taken: Any) -> bool:
    """Whether a state was taken back; clocks run on."""
    if isinstance(saved, dict) and isinstance(taken, dict):
        pairs = ((value, taken.get(name)) for name, value in saved.items())
        return saved.keys() == taken.keys() and all(_was_taken_back(*pair) for pair in pairs)
    if isinstance(saved, float) and isinstance(taken, float):
        return saved == taken or 0 < taken - saved < _SECONDS
    return is_same(saved, taken)


def _updater(specimen: Specimen) -> Updater:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 6), nn.Linear(2, 2), nn.Linear(6, 3))
    optimizer: Any = build_optimizer(Selected(specimen.component, specimen.options), network)
    return Updater(network, optimizer, None, LossScale(enabled=False))


def _step(updater: Updater, iteration: int) -> float:
    torch.manual_seed(iteration)
    seen = torch.rand(16, 6)
    first, last = (updater.network.get_submodule(name) for name in ("0", "2"))
    loss = (last(first(seen)) - seen[:, :3]).square().mean()
    updater.begin(iteration, 1, watch_norm=False)
    updater.backward(loss)
    updater.step()
    return float(loss.detach())
