"""Files that hold weights: what they are is told by their content, never by their name.

PyTorch files (zip and the older pickle) are read with ``weights_only=True``: a pickle that would
run code is refused. Programs wrap the weights in dicts under various names; :func:`unwrap` takes
them out.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import attrs
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from srcore.errors import WeightsError

State = dict[str, Tensor]

Role = Literal["generator", "discriminator"]

#: Names under which programs put weights, in the order of preference.
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
ROLE_KEYS: dict[Role, tuple[str, ...]] = {
    "generator": ("gen", "networks.ema", "networks.generator"),
    "discriminator": ("dis", "networks.discriminator"),
}

#: Prefixes that wrappers such as DataParallel and torch.compile leave on every key.
PREFIXES = ("module.", "netG.", "_orig_mod.")

_OPTIMISER_KEYS = {"optimizers", "optimizer", "schedulers", "optimizer_state_dict", "param_groups"}


@attrs.frozen
class Checkpoint:
    """Weights as they lie in a file.

    Attributes:
        source: the file, as messages name it.
        state: name -> tensor on the CPU, in the file's own key names.
        key: where in the file the weights were, such as ``params_ema``; empty: at the top.
        metadata: text entries of a safetensors file.
    """

    source: str
    state: State
    key: str = ""
    metadata: dict[str, str] = attrs.field(factory=dict)


def read_checkpoint(
    path: str | Path, *, key: str | None = None, role: Role = "generator"
) -> Checkpoint:
    """Read the weights in a ``.pth``, ``.pt``, ``.ckpt`` or ``.safetensors`` file.

    Args:
        path: the file; its format is recognised by its first bytes.
        key: which entry of the file to take, such as ``"params"``, dots for entries of entries;
            by default the first of :data:`KEYS` (so EMA weights before others).
        role: which network to take from a file that holds both.

    Raises:
        WeightsError: the file is missing, damaged, no weights file, would run code, holds the
            state of a training rather than weights, or has no such entry.
    """
    path = Path(path)
    start = _first_bytes(path)
    metadata: dict[str, str] = {}
    if start[4:9] == b"\0\0\0\0{":
        # First, because the length of the header, in front, may begin like a pickle.
        content, metadata = _read_safetensors(path)
    elif start[:4] == b"PK\x03\x04" or start[:1] == b"\x80":
        content = _read_torch(path)
    else:
        raise WeightsError(f"{path}: not a weights file: {_what_it_seems(start)}")
    state, taken = unwrap(content, key=key, source=path, role=role)
    return Checkpoint(str(path), state, taken, metadata)


def unwrap(
    content: Any,
    *,
    key: str | None = None,
    source: str | Path = "weights",
    role: Role = "generator",
) -> tuple[State, str]:
    """Take the tensors out of what a file holds and strip prefixes common to all keys.

    Returns:
        The tensors by name, and the name of the entry that held them (empty: the top level).

    Raises:
        WeightsError: no weights there, or no such entry.
    """
    if not isinstance(content, Mapping):
        raise WeightsError(
            f"{source}: holds a {type(content).__name__}; expected named tensors (a state_dict)"
        )
    taken, inner = _choose(content, key, source, role)
    state = {str(name): value for name, value in inner.items() if isinstance(value, Tensor)}
    if not state:
        _refuse_training_state(content, source)
        entries = ", ".join(map(str, list(content)[:6])) or "none"
        raise WeightsError(f"{source}: no weights in it (entries: {entries})")
    return strip_prefix(state), taken


def strip_prefix(state: Mapping[str, Tensor]) -> State:
    """Drop the prefixes of :data:`PREFIXES` that **all** keys carry."""
    state = dict(state)
    for prefix in PREFIXES * 2:
        if state and all(name.startswith(prefix) for name in state):
            state = {name[len(prefix) :]: value for name, value in state.items()}
    return state


def _choose(
    content: Mapping[str, Any], key: str | None, source: str | Path, role: Role
) -> tuple[str, Mapping[str, Any]]:
    if key:
        return key, _entry(content, key, source)
    for name in (*KEYS, *ROLE_KEYS[role]):
        found: Any = content
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            return name, found
    inner = [name for name, value in content.items() if isinstance(value, Mapping)]
    tensors = any(isinstance(value, Tensor) for value in content.values())
    if len(inner) == 1 and not tensors and inner[0] not in _OPTIMISER_KEYS | {"state"}:
        return str(inner[0]), content[inner[0]]
    return "", content


def _entry(content: Mapping[str, Any], key: str, source: str | Path) -> Mapping[str, Any]:
    for part in key.split("."):
        inner = {str(name): value for name, value in content.items() if isinstance(value, Mapping)}
        if part not in inner:
            raise WeightsError(
                f"{source}: no entry {key!r} with weights; it has {', '.join(inner) or 'none'}"
            )
        content = inner[part]
    return content


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(256)
    except IsADirectoryError:
        raise WeightsError(f"{path}: is a folder; expected a weights file") from None
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from error
    if not start:
        raise WeightsError(f"{path}: is empty; copy or download it again")
    return start


def _what_it_seems(start: bytes) -> str:
    if start.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer; fetch the file itself with `git lfs pull`"
    text = start.split(b"\n")[0].decode("utf-8", "replace")[:40].strip()
    if start.lstrip()[:1] == b"<":
        return f"it is a web page ({text!r}); download the file itself"
    if text.isprintable():
        return f"it is text that starts with {text!r}"
    return "neither a PyTorch file nor safetensors"


def _read_torch(path: Path) -> Any:
    try:
        # An open file, because torch.load goes by the ending of a name.
        with path.open("rb") as file, warnings.catch_warnings():
            # On pickle protocols and TorchScript: what matters of them arrives as an exception.
            warnings.simplefilter("ignore", UserWarning)
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _unpickling_error(path, str(error)) from error
    except (RuntimeError, EOFError, ValueError, KeyError, IndexError, UnicodeError) as error:
        if "TorchScript" in str(error):
            raise _unpickling_error(path, str(error)) from error
        reason = re.split(r"\.\s|\n", str(error).strip())[0] or type(error).__name__
        raise WeightsError(
            f"{path}: damaged or cut off, copy or download it again ({reason})"
        ) from error


def _unpickling_error(path: Path, text: str) -> WeightsError:
    if "TorchScript" in text:
        return WeightsError(
            f"{path}: is a TorchScript program, which holds code; save the weights alone, "
            "with torch.save(model.state_dict(), ...)"
        )
    code = re.search(r"GLOBAL ([\w.]+)", text)
    if code is not None or "nsupported" in text:
        name = f" ({code.group(1)})" if code else ""
        return WeightsError(
            f"{path}: refused, because it holds more than tensors{name} and reading it could run "
            "code; use a .safetensors file or, if you trust it, save its weights alone where it "
            "came from: torch.save(model.state_dict(), ...)"
        )
    reason = text.strip().split("\n")[-1]
    return WeightsError(f"{path}: damaged or cut off, copy or download it again ({reason})")


def _read_safetensors(path: Path) -> tuple[State, dict[str, str]]:
    try:
        with safe_open(path, "pt", device="cpu") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
            return state, dict(file.metadata() or {})
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path}: damaged or cut off safetensors, copy or download it again ({error})"
        ) from error


def _refuse_training_state(content: Mapping[str, Any], source: str | Path) -> None:
    if not _OPTIMISER_KEYS & {str(name) for name in content}:
        return
    hint = _network_file(Path(source))
    raise WeightsError(
        f"{source}: holds the state of an optimiser (entries: {', '.join(map(str, content))}), "
        f"not weights; use the network's file, {hint}"
    )


def _network_file(path: Path) -> str:
    """The weights file that belongs to a training state in the layouts of BasicSR and KAIR."""
    found = re.search(r"\d+", path.stem)
    iteration = found.group() if found else "<iteration>"
    for candidate in (
        path.parent.parent / "models" / f"net_g_{iteration}.pth",
        path.with_name(f"{iteration}_E.pth"),
        path.with_name(f"{iteration}_G.pth"),
        path.with_name(f"G_{iteration}.pth"),
    ):
        if candidate.is_file():
            return str(candidate)
    return f"such as models/net_g_{iteration}.pth (BasicSR) or {iteration}_G.pth (KAIR)"
