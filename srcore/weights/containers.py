"""Files that hold weights: what they are is told by their content, never by their name.

PyTorch files (zip and the older pickle) are read with ``weights_only=True``: a pickle that would
run code is refused. What NumPy or a command line left beside the weights is read as nothing.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import attrs
import torch
from safetensors import safe_open

from srcore.errors import WeightsError
from srcore.messages import shortened, shown
from srcore.moved import renamed
from srcore.weights.bounds import check_archive, check_tensors
from srcore.weights.wrappers import FileRole, State, counters, unwrap, without_common_prefix

__all__ = [
    "Checkpoint",
    "FileRole",
    "State",
    "left_on_disk",
    "read_checkpoint",
    "unwrap",
    "without_common_prefix",
]

logger = logging.getLogger("srcore")

_left_on_disk: ContextVar[bool] = ContextVar("srcore_left_on_disk", default=False)


@contextlib.contextmanager
def left_on_disk() -> Iterator[None]:
    """Inside of it, :func:`read_checkpoint` reads names and shapes; values as they are looked at.

    For who asks what a file holds and drops it: the tensors are gone with a file that is changed.
    Files of PyTorch before 1.6 are read whole, as ever.
    """
    token = _left_on_disk.set(True)
    try:
        yield
    finally:
        _left_on_disk.reset(token)


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
    path: str | Path, *, key: str | None = None, role: FileRole = "generator"
) -> Checkpoint:
    """Read the weights in a ``.pth``, ``.pt``, ``.ckpt`` or ``.safetensors`` file.

    Args:
        path: the file; its format is recognized by its first bytes.
        key: which entry of the file to take, such as ``"params"``, dots for entries of entries;
            by default the first of those in :mod:`srcore.weights.wrappers` (running averages
            before others).
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
    check_tensors(path, state, path.stat().st_size)
    left = counters(state)
    if left:
        logger.warning("%s: %d counters of a profiler are left out (%s)", path, len(left), left[0])
        state = {name: value for name, value in state.items() if name not in set(left)}
    return Checkpoint(str(path), state, taken, metadata)


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
        return f"it is a web page ({shown(text)}); download the file itself"
    if text.isprintable():
        return f"it is text that starts with {shown(text)}"
    return "neither a PyTorch file nor safetensors"


class _Nothing:
    """Stands for a harmless object beside weights; keeps none of its content."""

    def __init__(self, *content: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass


#: Objects that programs leave beside weights; each is read as :class:`_Nothing`.
_HARMLESS = (
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype",
    "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "numpy.ndarray",
    "argparse.Namespace", "pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath",
    "pathlib._local.Path", "pathlib._local.PosixPath", "pathlib._local.WindowsPath",
    "datetime.datetime", "datetime.timedelta",
    *(f"numpy.dtypes.{kind}DType" for kind in (
        "Float16", "Float32", "Float64", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16",
        "UInt32", "UInt64", "Bool", "Str",
    )),
)  # fmt: skip


def _read_torch(path: Path) -> Any:
    check_archive(path)
    harmless: list[Any] = [(_Nothing, name) for name in _HARMLESS]
    mapped = _left_on_disk.get() and _can_be_mapped(path)
    try:
        # An open file, because torch.load goes by the ending of a name.
        with (
            path.open("rb") as file,
            warnings.catch_warnings(),
            torch.serialization.safe_globals(harmless),
        ):
            # On pickle protocols and TorchScript: what matters of them arrives as an exception.
            warnings.simplefilter("ignore")
            return torch.load(
                str(path) if mapped else file, map_location="cpu", weights_only=True, mmap=mapped
            )
    except pickle.UnpicklingError as error:
        raise _unpickling_error(path, str(error)) from error
    except Exception as error:  # a damaged file makes PyTorch raise anything
        if "TorchScript" in str(error):
            raise _unpickling_error(path, str(error)) from error
        raise _damaged_weights(path, "", error) from error


def _can_be_mapped(path: Path) -> bool:
    """Whether values lie in a file as in memory, and its name does not mislead torch.load."""
    if path.suffix == ".safetensors":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return all(it.compress_type == zipfile.ZIP_STORED for it in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return False


def _damaged_weights(path: Path, what: str, error: Exception) -> WeightsError:
    reason = re.split(r"\.\s|\n", str(error).strip())[0] or type(error).__name__
    return WeightsError(
        f"{path}: damaged or cut off{what}, copy or download it again ({shortened(reason, 200)})"
    )


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
    except Exception as error:  # types that PyTorch lacks are a KeyError, and so on
        raise _damaged_weights(path, " safetensors", error) from error


__getattr__ = renamed(__name__, {"strip_prefix": "without_common_prefix"})
