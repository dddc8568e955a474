"""Whether networks, data, losses and transforms work on images of the same channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srcore.capabilities import option_capability
from srcore.config.role_checks import where_of
from srcore.config.schema import Experiment, TrainDataTable, ValidationDataTable
from srcore.data.wrapping import inner_datasets
from srcore.errors import Problem
from srcore.options import Selected

_RGB = 3


def channels_of(options: Any) -> int:
    """Channels of a network's or data set's images; RGB where it says nothing."""
    declared = option_capability(options, "channels")
    inside = {channels_of(chosen.options) for _, chosen in inner_datasets(options)}
    if declared is None and len(inside) == 1:
        return inside.pop()
    return _RGB if declared is None else int(declared)


def channel_problems(experiment: Experiment) -> Iterator[Problem]:
    """Parts whose images have other channels than those of the generator."""
    if experiment.generator is None:
        return
    wanted = channels_of(experiment.generator.choice.options)
    for path, chosen, key in _parts(experiment):
        found = channels_of(chosen.options)
        if found != wanted:
            yield _problem(experiment, path, chosen, key, found)
    for path, chosen in _rgb_only(experiment):
        fits = option_capability(chosen.options, "channels")
        if fits is not None and fits != wanted:
            yield _problem(experiment, path, chosen, "", fits)
    table = experiment.discriminator
    if table is not None:
        seen = option_capability(table.choice.options, "in_channels")
        if seen is not None and seen != wanted:
            yield _problem(experiment, "discriminator", table.choice, "in_channels", seen)


def _parts(experiment: Experiment) -> Iterator[tuple[str, Selected, str]]:
    """Data sets and further networks: path, choice, and the key where it says its channels."""
    data = experiment.data
    if data.train is not None:
        yield "data.train", data.train.choice, "channels"
    for name, table in data.validation.items():
        yield f"data.validation.{name}", table.choice, "channels"
    for name, role in experiment.roles().items():
        network = experiment.network_table(name)
        if role.kind == "network" and name != "generator" and network is not None:
            yield where_of(name), network.choice, "channels"


def _rgb_only(experiment: Experiment) -> Iterator[tuple[str, Selected]]:
    """Losses and transforms, some of which are made for certain channels."""
    for index, loss in enumerate(experiment.losses):
        yield f"losses[{index}]", loss.choice
    tables: dict[str, TrainDataTable | ValidationDataTable]
    tables = {} if experiment.data.train is None else {"data.train": experiment.data.train}
    tables |= {f"data.validation.{name}": it for name, it in experiment.data.validation.items()}
    for path, table in tables.items():
        for index, transform in enumerate(table.transforms):
            yield f"{path}.transforms[{index}]", transform


def _problem(experiment: Experiment, path: str, chosen: Selected, key: str, found: int) -> Problem:
    assert experiment.generator is not None
    generator = experiment.generator.choice
    wanted = channels_of(generator.options)
    where = f"{path}.{key or 'type'}"
    message = (
        f'"{chosen.type}" works on images of {found} channels; expected {wanted}, those of '
        f'generator "{generator.type}"'
    )
    return Problem(where, message)
