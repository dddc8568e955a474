"""Where in a file the weights lie: programs wrap them in dicts under various names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from srcore.errors import WeightsError
from srcore.messages import shown

State = dict[str, Tensor]

FileRole = Literal["generator", "discriminator"]

#: Names under which programs put weights, in the order of preference; running averages come first.
KEYS = (
    "model_state_dict",
    "state_dict",
    "params_ema",
    "params-ema",
    "params",
    "model",
    "net",
)

#: Names in files that hold both networks of an adversarial training, srcore's own last.
ROLE_KEYS: dict[FileRole, tuple[str, ...]] = {
    "generator": ("gen", "networks.ema", "networks.generator"),
    "discriminator": ("dis", "networks.discriminator"),
}

#: Prefixes that wrappers such as DataParallel and torch.compile leave on every key.
PREFIXES = ("module.", "netG.", "_orig_mod.")

#: Scalars that profilers leave beside every layer (thop).
COUNTERS = ("total_ops", "total_params")

_OPTIMIZER_KEYS = {"optimizers", "optimizer", "schedulers", "optimizer_state_dict", "param_groups"}
_EMA = re.compile(r"(^|[^a-z])ema([^a-z]|$)", re.IGNORECASE)
_ROLES: dict[FileRole, re.Pattern[str]] = {
    "generator": re.compile(r"(^|[._])(g|gen|generator|net_?g)([._]|$)", re.IGNORECASE),
    "discriminator": re.compile(
        r"(^|[._])(d|dis|disc|discriminator|net_?d)([._]|$)", re.IGNORECASE
    ),
}


def unwrap(
    content: Any,
    *,
    key: str | None = None,
    source: str | Path = "weights",
    role: FileRole = "generator",
) -> tuple[State, str]:
    """Take the tensors out of what a file holds and strip prefixes common to all keys.

    Returns:
        The tensors by name, and the name of the entry that held them (empty: the top level).

    Raises:
        WeightsError: no weights there, no such entry, or several networks and no key.
    """
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"{source}: holds a {type(content).__name__}; expected named tensors (a state_dict)"
        )
    taken, inner = (
        (key, _entry(content, key, source)) if key else _choose_network(content, source, role)
    )
    state = without_common_prefix(_tensors_in(inner))
    if not key:
        group = _group_of(state, role)
        if group:
            state = {name[len(group) :]: state[name] for name in state if name.startswith(group)}
            taken = f"{taken}.{group}".strip(".")
    if not state:
        _refuse_training_state(content, source)
        entries = ", ".join(map(str, list(content)[:6])) or "none"
        raise WeightsError(f"{source}: no weights in it (entries: {entries})")
    return state, taken


def without_common_prefix(state: Mapping[str, Tensor]) -> State:
    """Drop the prefixes of :data:`PREFIXES` that **all** keys carry."""
    state = dict(state)
    for prefix in PREFIXES * 2:
        if state and all(name.startswith(prefix) for name in state):
            state = {name[len(prefix) :]: value for name, value in state.items()}
    return state


def without_prefixes(state: Mapping[str, Tensor]) -> Iterator[Mapping[str, Tensor]]:
    """``state``, and what it is without one, two, ... prefixes that all of its keys carry.

    Which of them is right, only who knows the names of a network can tell: ``model.`` is part of
    the names of one program and the wrapper of another.
    """
    yield state
    for _ in range(4):
        prefix = next(iter(state), "").partition(".")[0] + "."
        if not state or not all(name.startswith(prefix) for name in state):
            return
        state = {name[len(prefix) :]: value for name, value in state.items()}
        yield state


def counters(content: State) -> list[str]:
    """Names of tensors that a profiler left behind."""
    return [
        name
        for name, value in content.items()
        if name.rpartition(".")[2] in COUNTERS and value.numel() == 1
    ]


def _tensors_in(content: Mapping[Any, Any]) -> State:
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _choose_network(
    content: Mapping[str, Any], source: str | Path, role: FileRole
) -> tuple[str, Mapping[str, Any]]:
    held = dict(_wrapped_networks(content))
    averages = {name: inner for name, inner in held.items() if _EMA.search(name)}
    for candidates in (_of_role(averages, role), held):
        for name in (*KEYS, *ROLE_KEYS[role], *(candidates if candidates is not held else ())):
            if name in candidates:
                return name, candidates[name]
    if _holds_tensors(content):
        return "", content
    top = {name: inner for name, inner in held.items() if "." not in name} or held
    ours = [name for name in top if _ROLES[role].search(name)]
    if len(top) == 1 or len(ours) == 1:
        name = ours[0] if ours else next(iter(top))
        return name, top[name]
    if top:
        raise WeightsError(
            f"{source}: holds several networks: {', '.join(top)}; choose one with --key NAME "
            "(in Python, key=...)"
        )
    named = [(name, content[name]) for name in KEYS if isinstance(content.get(name), Mapping)]
    return named[0] if named else ("", content)


def _wrapped_networks(content: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Entries, and entries of entries, that hold tensors: name and content."""
    for name, inner in _tables(content):
        if _holds_tensors(inner):
            yield name, inner
            continue
        for below, further in _tables(inner):
            if _holds_tensors(further):
                yield f"{name}.{below}", further


def _tables(content: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, inner in content.items():
        if isinstance(inner, Mapping) and str(name) not in _OPTIMIZER_KEYS | {"state"}:
            yield str(name), inner


def _holds_tensors(content: Mapping[Any, Any]) -> bool:
    return any(isinstance(value, Tensor) for value in content.values())


def _of_role(networks: Mapping[str, Any], role: FileRole) -> dict[str, Any]:
    """Those that are of a role by their names; what names no role is the generator's."""
    other = _ROLES["discriminator" if role == "generator" else "generator"]
    own = {name: inner for name, inner in networks.items() if _ROLES[role].search(name)}
    if own or role == "discriminator":
        return own
    return {name: inner for name, inner in networks.items() if not other.search(name)}


def _group_of(state: State, role: FileRole) -> str:
    """The prefix of one network's tensors where those of several lie side by side."""
    groups = {name.partition(".")[0] for name in state}
    ours = [name for name in groups if _ROLES[role].fullmatch(name)]
    others = [name for name in groups if any(r.fullmatch(name) for r in _ROLES.values())]
    return f"{ours[0]}." if len(ours) == 1 and len(others) > 1 else ""


def _entry(content: Mapping[str, Any], key: str, source: str | Path) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = content
    parts = key.split(".")
    for position, part in enumerate(parts):
        inner = {str(name): value for name, value in entry.items() if isinstance(value, Mapping)}
        if part not in inner:
            return _tensors_below(entry, ".".join(parts[position:]), key, source)
        entry = inner[part]
    return entry


def _tensors_below(
    content: Mapping[str, Any], prefix: str, key: str, source: str | Path
) -> Mapping[str, Any]:
    """The tensors whose names begin with a prefix: networks that lie in one state dict."""
    tensors = _tensors_in(content)
    below = {
        name[len(prefix) + 1 :]: value
        for name, value in tensors.items()
        if name.startswith(f"{prefix}.")
    }
    if below:
        return below
    entries = [str(name) for name, value in content.items() if isinstance(value, Mapping)]
    entries += sorted({name.partition(".")[0] for name in tensors})
    there = ", ".join(entries[:20]) + (", ..." if len(entries) > 20 else "")
    raise WeightsError(f"{source}: no entry {shown(key)} with weights; it has {there or 'none'}")


def _refuse_training_state(content: Mapping[str, Any], source: str | Path) -> None:
    if not _OPTIMIZER_KEYS & {str(name) for name in content}:
        return
    hint = _network_file(Path(source))
    raise WeightsError(
        f"{source}: holds the state of an optimizer (entries: "
        f"{', '.join(map(str, list(content)[:20]))}), not weights; use the network's file, {hint}"
    )


def _network_file(path: Path) -> str:
    """The weights file that belongs to a training state in the layouts of BasicSR and KAIR."""
    number = re.search(r"\d+", path.stem)
    iteration = number.group() if number else "<iteration>"
    for candidate in (
        path.parent.parent / "models" / f"net_g_{iteration}.pth",
        path.with_name(f"{iteration}_E.pth"),
        path.with_name(f"{iteration}_G.pth"),
        path.with_name(f"G_{iteration}.pth"),
    ):
        if candidate.is_file():
            return str(candidate)
    return f"such as models/net_g_{iteration}.pth (BasicSR) or {iteration}_G.pth (KAIR)"
