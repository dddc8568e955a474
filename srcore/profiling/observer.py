"""Puts names to what a training is at, and hands it to a timeline and to PyTorch's profiler."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from srcore.plugin.watching import watching
from srcore.profiling.part_names import (
    AVERAGE,
    BACKWARD,
    DATA,
    FORWARD,
    LOSS,
    METRIC,
    OPTIMIZER,
    PICTURES,
    READING,
    TRANSFORM,
)

if TYPE_CHECKING:
    from srcore.engine.training import Training
    from srcore.options import Selected
    from srcore.profiling.timeline import Timeline

#: Before the names of parts in a trace.
_SHOWN = "srcore: "


class Observer:
    """Watches a training: its components by what the experiment calls them, networks by roles.

    Args:
        training: what is watched.
        timeline: is told when parts begin and end.
        validates: whether that is a validation, whose transforms and networks are others.
        is_traced: whether PyTorch's profiler is told, too.
    """

    def __init__(
        self,
        training: Training,
        timeline: Timeline,
        *,
        validates: bool = False,
        is_traced: bool = False,
    ) -> None:
        self._timeline = timeline
        self._is_traced = is_traced
        self._ranges: list[Any] = []
        self._networks: dict[str, nn.Module] = {}
        named = _names_of_validation(training) if validates else _names_of_steps(training)
        self._names = {(kind, id(part)): name for kind, part, name in named}
        self._everyone = {"dataset": READING if validates else DATA}
        if validates:
            self._everyone |= {"validated": f"{FORWARD} generator", "pictures": PICTURES}
        else:
            self._networks = _called_networks(training)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what happens inside the block."""
        handles = [
            handle
            for name, network in self._networks.items()
            for handle in self._hooks(name, network)
        ]
        try:
            with watching(self._watch):
                yield
        finally:
            for handle in handles:
                handle.remove()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part by its name."""
        self._enter(name)
        try:
            yield
        finally:
            self._leave()

    def _watch(self, kind: str, part: Any) -> contextlib.AbstractContextManager[Any]:
        name = self._names.get((kind, id(part))) or self._everyone.get(kind)
        return contextlib.nullcontext() if name is None else self.part(name)

    def _hooks(self, name: str, network: nn.Module) -> Iterator[Any]:
        yield network.register_forward_pre_hook(lambda *_: self._enter(f"{FORWARD} {name}"))
        yield network.register_forward_hook(lambda *_: self._leave(), always_call=True)

    def _enter(self, name: str) -> None:
        self._timeline.enter(name)
        if self._is_traced:
            self._ranges.append(torch.profiler.record_function(_SHOWN + name))
            self._ranges[-1].__enter__()

    def _leave(self) -> None:
        if self._is_traced:
            self._ranges.pop().__exit__(None, None, None)
        self._timeline.leave()


def _called_networks(training: Training) -> dict[str, nn.Module]:
    """What methods call, by the names of the roles; of a compiled one the compiled."""
    networks: dict[str, nn.Module] = {}
    for made in training.parts.roles.values():
        networks[made.name] = made.wrapped
        if made.average is not None:
            networks[f"{made.name} (average)"] = made.average.network
    return networks


def _names_of_steps(training: Training) -> Iterator[tuple[str, Any, str]]:
    """Kind, part and name of what takes part in a step."""
    parts, table = training.parts, training.experiment.data.train
    assert table is not None
    yield "transforms", parts, TRANSFORM
    yield from _with_numbers(parts.transforms, table.transforms)
    for term in parts.losses:
        for kind in ("loss", "loss.discriminator"):
            yield kind, term.loss, f"{LOSS} {term.label}"
    for made in parts.roles.values():
        for transform in made.inputs:
            yield "discriminator_input", transform, f"{TRANSFORM} before {made.name}"
    for name, updater in parts.updaters.items():
        yield "backward", updater, f"{BACKWARD} {name}"
        yield "update", updater, f"{OPTIMIZER} {name}"
    yield "average", parts, AVERAGE


def _names_of_validation(training: Training) -> Iterator[tuple[str, Any, str]]:
    """Kind, part and name of what takes part in a validation."""
    validation, tables = training.validation, training.experiment.data.validation
    for images in validation.sets:
        yield from _with_numbers(images.transforms, tables[images.name].transforms)
    for measure in validation.measures:
        yield "metric", measure.metric, f"{METRIC} {measure.label}"


def _with_numbers(
    made: Iterable[Any], tables: Iterable[Selected]
) -> Iterator[tuple[str, Any, str]]:
    """Transforms by their types, a number behind those that come again."""
    seen: Counter[str] = Counter()
    for transform, selected in zip(made, tables, strict=True):
        seen[selected.type] += 1
        again = f" {seen[selected.type]}" if seen[selected.type] > 1 else ""
        yield "transform", transform, f"{TRANSFORM} {selected.type}{again}"
