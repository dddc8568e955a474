"""Whether losses of features fit the networks of an experiment, before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from srcore.capabilities import capability
from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.weights.without_memory import built_without_memory, without_memory
from srplug_distill.features import LayerFeatures, Tap, unknown_modules

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srplug_distill.options import LayerOptions

#: Side of the image that the networks are tried with.
_SIDE = 48


def layer_complaints(experiment: Experiment, options: LayerOptions) -> Iterator[str]:
    """Modules that are not there, else the first shapes that do not fit; none if it is not known.

    Networks are made without memory, and see an image without values.
    """
    students = [pair.student for pair in options.pairs]
    teachers = [pair.teacher for pair in options.pairs]
    student, teacher = (_shapes_of(experiment, role) for role in ("generator", "teacher"))
    unknown = [*_unknown(student, students, "generator"), *_unknown(teacher, teachers, "teacher")]
    yield from unknown
    if unknown or student is None or teacher is None:
        return
    features = LayerFeatures()
    try:
        _take_outputs(student, students, features.student)
        _take_outputs(teacher, teachers, features.teacher)
    except Exception:  # one looks at values, or sees more than an image: the run will say
        return
    with without_memory():
        loss = options.loss()
    try:
        loss(LossContext({}, torch.zeros(()), iteration=1, extras={"features": features}))
    except SrcoreError as error:
        yield str(error).removeprefix("pairs: ")


def _shapes_of(experiment: Experiment, role: str) -> nn.Module | None:
    table: Any = experiment.network_table(role)
    if table is None:
        return None
    network: nn.Module | None = built_without_memory(
        lambda: table.selected.build(scale=experiment.scale)
    )
    return network


def _unknown(network: nn.Module | None, names: list[str], who: str) -> list[str]:
    return [] if network is None else unknown_modules(network, names, who)


def _take_outputs(network: nn.Module, names: list[str], maps: dict[str, Any]) -> None:
    channels = int(capability("network", network, "in_channels"))
    tap = Tap(network, names, "network")
    with without_memory(), torch.no_grad(), tap.taking(maps):
        network.eval()(torch.zeros(1, channels, _SIDE, _SIDE))
