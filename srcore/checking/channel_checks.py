"""Whether networks, data, losses and transforms work on images of the same channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from srcore.capabilities import RGB, option_capability
from srcore.checking.role_checks import where_of
from srcore.config.schema import (
    Experiment,
    GeneratorTable,
    TrainDataTable,
    ValidationDataTable,
)
from srcore.data.wrapping import inner_datasets
from srcore.errors import Problem
from srcore.options import Selected
from srcore.options.declaration import key_of
from srcore.plugin.registry import Registry


def channels_of(options: Any) -> int:
    """Channels of a network's or data set's images; RGB where it says nothing."""
    declared = option_capability(options, "channels")
    inside = {channels_of(selected.options) for _, selected in inner_datasets(options)}
    if declared is None and len(inside) == 1:
        return inside.pop()
    return RGB if declared is None else int(declared)


def channel_problems(experiment: Experiment, registry: Registry) -> Iterator[Problem]:
    """Parts whose images have other channels than those of the generator."""
    if experiment.generator is None:
        return
    wanted = channels_of(experiment.generator.selected.options)
    for path, selected, key in (
        *_data(experiment),
        *_further_networks(experiment),
        *_loss_parts(experiment),
    ):
        if key == "channels":
            channels = channels_of(selected.options)
        else:
            channels = option_capability(selected.options, key or "channels") or wanted
        if channels != wanted:
            yield _channels_problem(experiment, registry, path, selected, key, channels)


#: Path and choice of a part, and the key where it says its channels; none: it may declare the only
#: ones that it works on.
_CheckedPart = tuple[str, Selected, str]


def _data(experiment: Experiment) -> Iterator[_CheckedPart]:
    """Data sets, those inside of others in their place, and transforms."""
    data = experiment.data
    tables: dict[str, TrainDataTable | ValidationDataTable]
    tables = {} if data.train is None else {"data.train": data.train}
    tables |= {f"data.validation.{name}": table for name, table in data.validation.items()}
    for path, table in tables.items():
        yield from _datasets(path, table.selected)
        for index, transform in enumerate(table.transforms):
            yield f"{path}.transforms[{index}]", transform, ""


def _datasets(path: str, selected: Selected) -> Iterator[_CheckedPart]:
    inside = list(inner_datasets(selected.options))
    if not inside or option_capability(selected.options, "channels") is not None:
        yield path, selected, "channels"
        return
    for key, inner in inside:
        yield from _datasets(f"{path}.{key}", inner)


def _further_networks(experiment: Experiment) -> Iterator[_CheckedPart]:
    """Further networks; discriminators, and what alters the images that they see."""
    for name, role in experiment.roles().items():
        table = experiment.network_table(name)
        if table is None or isinstance(table, GeneratorTable):
            continue
        key = "channels" if role.kind == "network" else "in_channels"
        yield where_of(name), table.selected, key
        for index, altering in enumerate(table.inputs):
            yield f"{where_of(name)}.inputs[{index}]", altering, ""


def _loss_parts(experiment: Experiment) -> Iterator[_CheckedPart]:
    for index, loss in enumerate(experiment.losses):
        yield f"losses[{index}]", loss.selected, ""


def _channels_problem(
    experiment: Experiment,
    registry: Registry,
    path: str,
    selected: Selected,
    key: str,
    channels: int,
) -> Problem:
    assert experiment.generator is not None
    generator = experiment.generator.selected
    wanted = channels_of(generator.options)
    has_key = key in _option_keys(type(selected.options))
    message = (
        f'"{selected.type}" works on images of {_channels(channels)}; expected {wanted}, those of '
        f'generator "{generator.type}"'
    )
    if not has_key:
        message += f"; fitting: {_fitting(registry, selected.component.kind, key, wanted)}"
    elif "channels" not in _option_keys(type(generator.options)):
        fitting = _fitting(registry, "network", "channels", channels)
        message += f"; networks of {_channels(channels)}: {fitting}"
    return Problem(f"{path}.{key if has_key else 'type'}", message)


def _channels(number: int) -> str:
    return f"{number} channel" + "s" * (number != 1)


def _fitting(registry: Registry, kind: str, key: str, wanted: int) -> str:
    """Names of the components that work, or can be told to work, on images of such channels."""
    names = []
    for component in registry.components(kind):
        declared = option_capability(component.options, key or "channels")
        if declared is None:
            declared = RGB if key else wanted
        if key in _option_keys(component.options) or declared == wanted:
            names.append(component.name)
    return ", ".join(names) or "none is installed"


def _option_keys(options: type) -> set[str]:
    return {key_of(field) for field in attrs.fields(options)}
