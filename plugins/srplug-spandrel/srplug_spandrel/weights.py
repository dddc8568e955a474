"""Files of spandrel's networks, under the names of their authors.

``srplug_spandrel.weights:<name>`` is the dialect of the network of that name. spandrel itself says
whose a file is and which options it shows, so that everything that it reads can be trained.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import attrs
from torch import Tensor

from srcore.weights import Dialect
from srcore.weights.meta_device import on_meta
from srplug_spandrel.architecture import Architecture
from srplug_spandrel.construction import constructing
from srplug_spandrel.extra import KNOWN, registry
from srplug_spandrel.window_tables import add_window_tables, without_tables

_PREFIX = "model."


def _shuffles_first(state: Mapping[str, Tensor]) -> bool:
    """Whether it is Real-CUGAN's fast network, by spandrel's rule: it sees what it makes."""
    last, first = state.get("conv_final.weight"), state["unet1.conv1.conv.0.weight"]
    return last is not None and last.shape[0] // 4 * 4 == first.shape[1]


#: What tells networks of one architecture apart.
_MARKS: dict[str, Callable[[Mapping[str, Tensor]], bool]] = {
    "plksr": lambda state: "feats.1.channe_mixer.0.weight" in state,
    "realplksr": lambda state: "feats.1.channel_mixer.0.weight" in state,
    "kbnet_l": lambda state: "patch_embed.proj.weight" in state,
    "kbnet_s": lambda state: "intro.weight" in state,
    "realcugan": lambda state: not _shuffles_first(state),
    "realcugan_fast": _shuffles_first,
}


def spandrel_owner(state: Mapping[str, Tensor]) -> str:
    """Spandrel's name of the architecture that a file belongs to; empty if it knows none."""
    given = dict(state)
    for support in registry().architectures("detection"):
        if support.detect(given):
            return str(support.architecture.id)
    return ""


def _matches(architecture: Architecture, state: Mapping[str, Tensor]) -> bool:
    # A quick look first: the order in which spandrel asks decides only what several know.
    is_known = registry()[architecture.id].detect(dict(state))
    mark = _MARKS.get(architecture.name)
    is_variant = is_known and (mark is None or mark(state))
    return is_variant and spandrel_owner(state) == architecture.id


def _infer_options(
    architecture: Architecture, state: Mapping[str, Tensor], scale: int | None
) -> dict[str, Any]:
    # spandrel tells the settings by building the network: shapes are enough for that.
    with on_meta(), constructing():
        loaded = registry()[architecture.id].architecture.load(dict(state))
    told: Mapping[str, Any] = loaded.model.hyperparameters
    options = {key: _as_toml(told[name]) for key, name in _keys_of(architecture).items()}
    options = {key: value for key, value in options.items() if value is not None}
    if architecture.channels:
        options["channels"] = loaded.input_channels
    return {**options, "scale": loaded.scale}


def _keys_of(architecture: Architecture) -> dict[str, str]:
    """The keys of a network and the parameters that they are."""
    keys = [field.name for field in attrs.fields(_options_class(architecture))]
    return {key: architecture.renamed.get(key, key) for key in keys if key != "channels"}


def _options_class(architecture: Architecture) -> type[Any]:
    """The class of a network's options."""
    module = importlib.import_module(f"srplug_spandrel.options.{architecture.name}")
    options: type[Any] = module.Options
    return options


def _as_toml(value: Any) -> Any:
    """Values as a TOML file has them."""
    return [*map(_as_toml, value)] if isinstance(value, (list, tuple)) else value


def _to_native(architecture: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    own = without_tables(state) if architecture.name == "grl" else state
    return {f"{_PREFIX}{name}": value for name, value in own.items()}


def _from_native(
    architecture: Architecture,
    state: Mapping[str, Tensor],
    options: Mapping[str, Any] | None = None,
) -> dict[str, Tensor]:
    own = {name.removeprefix(_PREFIX): value for name, value in state.items()}
    if architecture.name == "grl" and options is not None:
        own = add_window_tables(own, {**attrs.asdict(_options_class(architecture)()), **options})
    return own


def __getattr__(name: str) -> Dialect:
    if name not in KNOWN:
        raise AttributeError(name)
    architecture = KNOWN[name]
    return Dialect(
        network=architecture.component,
        matches=partial(_matches, architecture),
        infer_options=partial(_infer_options, architecture),
        to_native=partial(_to_native, architecture),
        from_native=partial(_from_native, architecture),
        exported=True,
    )
