"""Files of spandrel's networks, under the names of their authors.

``srplug_spandrel.weights:<name>`` is the dialect of the network of that name. spandrel itself says
whose a file is and which options it shows, so that everything that it reads can be trained.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs
from torch import Tensor

from srcore.weights import Dialect
from srplug_spandrel.catalog import ARCHITECTURES, Architecture
from srplug_spandrel.construction import constructing

_PREFIX = "model."

#: A name that only one of several networks of one architecture has.
_MARKS = {
    "plksr": "feats.1.channe_mixer.0.weight",
    "realplksr": "feats.1.channel_mixer.0.weight",
    "kbnet_l": "patch_embed.proj.weight",
    "kbnet_s": "intro.weight",
}


def owner(state: Mapping[str, Tensor]) -> str:
    """Spandrel's name of the architecture that a file belongs to; empty if it knows none."""
    from spandrel import MAIN_REGISTRY

    given = dict(state)
    for support in MAIN_REGISTRY.architectures("detection"):
        if support.detect(given):
            return str(support.architecture.id)
    return ""


def _matches(architecture: Architecture, state: Mapping[str, Tensor]) -> bool:
    from spandrel import MAIN_REGISTRY

    mark = _MARKS.get(architecture.name)
    is_variant = mark is None or mark in state
    # A quick look first: the order in which spandrel asks decides only what several know.
    is_known = is_variant and MAIN_REGISTRY[architecture.id].detect(dict(state))
    return is_known and owner(state) == architecture.id


def _infer_options(
    architecture: Architecture, state: Mapping[str, Tensor], scale: int | None
) -> dict[str, Any]:
    from spandrel import MAIN_REGISTRY

    with constructing():
        found = MAIN_REGISTRY[architecture.id].architecture.load(dict(state))
    told: Mapping[str, Any] = found.model.hyperparameters
    options = {key: _plain(told[name]) for key, name in _keys(architecture).items()}
    options = {key: value for key, value in options.items() if value is not None}
    if architecture.channels:
        options["channels"] = found.input_channels
    return {**options, "scale": found.scale}


def _keys(architecture: Architecture) -> dict[str, str]:
    """The keys of a network and the parameters that they are."""
    module = importlib.import_module(f"srplug_spandrel.options.{architecture.name}")
    keys = [field.name for field in attrs.fields(module.Options) if field.name != "channels"]
    return {key: architecture.renamed.get(key, key) for key in keys}


def _plain(value: Any) -> Any:
    """Values as a TOML file has them."""
    return [*map(_plain, value)] if isinstance(value, (list, tuple)) else value


def _to_native(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{_PREFIX}{name}": value for name, value in state.items()}


def _from_native(
    state: Mapping[str, Tensor], options: Mapping[str, Any] | None = None
) -> dict[str, Tensor]:
    return {name.removeprefix(_PREFIX): value for name, value in state.items()}


def __getattr__(name: str) -> Dialect:
    if name not in ARCHITECTURES:
        raise AttributeError(name)
    architecture = ARCHITECTURES[name]
    return Dialect(
        network=architecture.component,
        matches=partial(_matches, architecture),
        infer_options=partial(_infer_options, architecture),
        to_native=_to_native,
        from_native=_from_native,
        exported=True,
    )
