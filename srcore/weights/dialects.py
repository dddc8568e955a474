"""Key layouts of other programs: recognize one, translate it to srcore's names and back.

srcore's own ("native") key names are BasicSR's. A *dialect* is one other way to write the weights
of a network type. A plugin registers its dialects in ``srcore_register_weight_dialects``:

    registry.add_dialect("dlsn_official", "srplug_dlsn.weights:OFFICIAL")

where the target is a :class:`Dialect`. Users name a dialect by its registered name, or by the part
after the network type: ``basicsr`` for ``rrdbnet_basicsr``.

Any plugin may add a way to read a network and to convert it. How srcore itself writes a network is
for the network's own distribution to say, with ``Dialect(..., exported=True)``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from torch import Tensor

from srcore.errors import PluginError, WeightsError, cause
from srcore.messages import shown, told
from srcore.moved import renamed
from srcore.plugin.calling import Made, call, remember
from srcore.plugin.discovery import label
from srcore.plugin.handing import once_without_registry
from srcore.plugin.registry import Registry
from srcore.plugin.targets import Target, resolve
from srcore.weights.bounds import TooLargeError, limit_construction
from srcore.weights.wrappers import without_prefixes

_KIND = "weight_dialect"

State = dict[str, Tensor]
Options = dict[str, Any]


class UnknownArchitectureError(WeightsError):
    """No registered dialect fits the keys of a file."""


@attrs.frozen
class Recognized:
    """Weights whose network is known.

    Attributes:
        network: registered name of the network type.
        options: its options, with ``"scale"``.
        state: tensors under native names.
        dialect: name of the dialect in which they were written; empty: already native.
        computed: endings of names of tensors that a file may lack.
    """

    network: str
    options: Options
    state: State
    dialect: str = ""
    computed: tuple[str, ...] = ()

    @property
    def scale(self) -> int:
        """Factor between input and output sides."""
        return int(self.options["scale"])


def _open(options: Mapping[str, Any]) -> str:
    return ""


def without(network: str) -> Callable[[Mapping[str, Any]], str]:
    """What is to be said of a network that spandrel does not have."""
    return lambda options: f"it has no {network}"


@attrs.frozen(kw_only=True)
class Dialect:
    """One way to name the weights of a network type.

    Attributes:
        network: registered name of the network that the weights belong to.
        matches: tells from the names (and shapes) in a file whether it is written so; must be
            false for other networks.
        infer_options: (file's tensors, expected scale or None) -> options of the network with
            ``"scale"`` among them, as far as names and shapes tell them. The expected scale
            decides where the file alone leaves a choice, and is ignored elsewhere.
        to_native: file's tensors -> native names; keeps names that it does not know, so that they
            are reported as unexpected.
        from_native: (native tensors, options with ``"scale"``) -> this dialect's names.
        container: entry of a PyTorch file in which the program keeps the weights; empty: at the
            top level.
        computed: endings of names of tensors that the network makes itself and a file may lack.
        exported: srcore writes the files of the network so, because other programs read them; only
            for dialects of the network's own distribution. Without one of them its first dialect
            is taken, and native names where it has none.
        closed: (options with ``"scale"``) -> why spandrel, on which chaiNNer and other programs
            stand, does not open such a file of a network with these options; empty: it does, or
            nobody tried.
        bgr: the program whose files these are trains on blue, green, red, and its files do not
            say so; ``--channel-order`` then does.
    """

    network: str
    matches: Callable[[Mapping[str, Tensor]], bool]
    infer_options: Callable[[Mapping[str, Tensor], int | None], Options]
    to_native: Callable[[Mapping[str, Tensor]], State]
    from_native: Callable[[Mapping[str, Tensor], Mapping[str, Any]], State]
    container: str = ""
    computed: tuple[str, ...] = ()
    exported: bool = False
    closed: Callable[[Mapping[str, Any]], str] = _open
    bgr: bool = False

    def read(self, state: Mapping[str, Tensor], name: str, scale: int | None) -> Recognized:
        """Translate tensors written in this dialect, registered as ``name``."""
        options = call(f"{_KIND}.options", self, state, scale, method="infer_options")
        native = call(f"{_KIND}.tensors", self, state, method="to_native")
        return Recognized(self.network, options, native, name, self.computed)

    def written(self, native: Mapping[str, Tensor], options: Mapping[str, Any]) -> State:
        """Translate native tensors into this dialect; ``options`` has ``"scale"``."""
        state: State = call(f"{_KIND}.tensors", self, native, options, method="from_native")
        return state


@once_without_registry(0)
def dialects(registry: Registry, network: str | None = None) -> dict[str, Dialect]:
    """Registered dialects by name, all or those of one network type, its own before others'."""
    if network is None:
        return _resolved(registry, lambda owner: True)
    own = _owner_of(registry, network)
    own_first = _resolved(registry, lambda owner: owner == own)
    own_first |= _resolved(registry, lambda owner: owner != own)
    return {name: entry for name, entry in own_first.items() if entry.network == network}


def exported_dialect(registry: Registry, network: str) -> Dialect | None:
    """How srcore writes files of a network type; None: under its native names.

    Raises:
        PluginError: the network's distribution marks two dialects as exported.
    """
    own = _owner_of(registry, network)
    candidates = _resolved(registry, lambda owner: owner == own)
    candidates = {name: entry for name, entry in candidates.items() if entry.network == network}
    marked = [name for name, entry in candidates.items() if entry.exported]
    if len(marked) > 1:
        names = " and ".join(marked)
        raise PluginError(f"{label(own)}: weight dialects {names} are exported; expected one")
    return next((candidates[name] for name in marked or candidates), None)


def _owner_of(registry: Registry, network: str) -> str:
    """The distribution that brings a network type; empty if nobody does."""
    entries = registry.components("network")
    return next((entry.owner for entry in entries if entry.name == network), "")


def _resolved(registry: Registry, wanted: Callable[[str], bool]) -> dict[str, Dialect]:
    """The dialects of the distributions that are wanted; no other is imported."""
    entries = {}
    for name, (target, owner) in registry.dialects().items():
        if wanted(owner):
            entries[name] = entry = _loaded(target, name, owner)
            if entry.exported and _owner_of(registry, entry.network) != owner:
                raise PluginError(
                    f"{label(owner)}: weight dialect {shown(name)} is exported, but "
                    f"{shown(entry.network)} is not its network: "
                    "only a network's own distribution says how it is written"
                )
    return entries


def _loaded(target: Target, name: str, owner: str) -> Dialect:
    what = f"weight dialect {shown(name)}"
    entry: Any = resolve(target, what, owner)
    if not isinstance(entry, Dialect):
        text = f"{label(owner)}: {what} is {told(entry)}; expected a srcore.weights.Dialect"
        raise PluginError(text)
    remember(entry, Made(owner, what))
    return entry


def find_dialect(registry: Registry, name: str, network: str) -> tuple[str, Dialect]:
    """The dialect of a network type by its registered name or the part after the type.

    Raises:
        WeightsError: there is none of that name; lists those there are.
    """
    available = dialects(registry, network)
    for candidate in (name, f"{network}_{name}"):
        if candidate in available:
            return candidate, available[candidate]
    raise WeightsError(
        f"no dialect {shown(name)} for {network} weights; "
        f"there are {', '.join(available) or 'none'}"
    )


def recognize(
    state: Mapping[str, Tensor], registry: Registry, *, network: str | None = None
) -> tuple[str, Dialect] | None:
    """Name and dialect in which tensors are written, or None."""
    for name, dialect in dialects(registry, network).items():
        with contextlib.suppress(ArithmeticError, LookupError, RuntimeError):  # shapes of anything
            if call(f"{_KIND}.match", dialect, state, method="matches"):
                return name, dialect
    return None


@once_without_registry(1)
def convert_to_native(
    state: Mapping[str, Tensor],
    registry: Registry,
    *,
    scale: int | None = None,
    source: str = "weights",
) -> Recognized:
    """Find out which network tensors belong to, its options, and rename them to native names.

    Args:
        state: tensors by name, as unwrapped by :func:`srcore.weights.containers.unwrap`.
        registry: knows the dialects.
        scale: expected scale; decides where the names leave a choice (a single up-sampling stage
            of old ESRGAN files is x2 or x3; x2 without it).
        source: how messages name the weights.

    Raises:
        UnknownArchitectureError: no registered dialect fits.
    """
    state, recognized = recognize_aligned(state, registry)
    if recognized is None:
        known = sorted({entry.network for entry in dialects(registry).values()})
        raise UnknownArchitectureError(
            f"{source}: unknown architecture (its keys begin with {', '.join(list(state)[:3])}); "
            f"known: {', '.join(known)}"
        )
    name, dialect = recognized
    return read_as(dialect, state, name, scale, source)


def recognize_aligned(
    state: Mapping[str, Tensor], registry: Registry, *, network: str | None = None
) -> tuple[Mapping[str, Tensor], tuple[str, Dialect] | None]:
    """As :func:`recognize`, after stripping the prefixes that all names carry where it helps."""
    for candidate in without_prefixes(state):
        recognized = recognize(candidate, registry, network=network)
        if recognized is not None:
            return candidate, recognized
    return state, None


def read_as(
    dialect: Dialect, state: Mapping[str, Tensor], name: str, scale: int | None, source: str
) -> Recognized:
    """Translate tensors in a dialect whose names fit; their shapes may be of anything.

    Raises:
        UnknownArchitectureError: the shapes are not those of the dialect's network.
    """
    values = sum(tensor.numel() for tensor in state.values())
    try:
        with limit_construction(
            len(state), values, source
        ):  # a dialect may build the network to look at it
            return dialect.read(state, name, scale)
    except TooLargeError:
        raise
    except UnknownArchitectureError as error:
        raise UnknownArchitectureError(f"{source}: {error}") from error
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise UnknownArchitectureError(
            f"{source}: has the names of {name}, but not its shapes ({cause(error)})"
        ) from error


def rename(state: Mapping[str, Tensor], names: Mapping[str, str]) -> State:
    """Rename layers: ``names`` maps a layer's old name to its new one; ``.weight`` etc. stay.

    A layer is a key without its last part: ``body.0.conv`` of ``body.0.conv.weight``. Keys of
    layers that ``names`` does not hold are kept as they are.
    """
    renamed = {}
    for key, tensor in state.items():
        layer, dot, leaf = key.rpartition(".")
        renamed[f"{names.get(layer, layer)}{dot}{leaf}"] = tensor
    return renamed


def count(state: Mapping[str, Tensor], pattern: str, start: int = 0) -> int:
    """How many consecutive numbers from ``start`` make ``pattern`` (with ``{}``) a key."""
    number = start
    while pattern.format(number) in state:
        number += 1
    return number - start


__getattr__ = renamed(__name__, {"Recognised": "Recognized"})
