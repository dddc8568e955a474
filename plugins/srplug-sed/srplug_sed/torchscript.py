"""Tensors of a TorchScript archive, read without running the program in it.

OpenAI published CLIP as TorchScript archives. ``torch.jit.load`` runs what such a file holds, so
the weights are taken out by hand: an archive is a zip file with the pickled tree of modules
(``data.pkl``) and the raw numbers of every tensor (``data/0``, ``data/1``, ...). The unpickler here
knows tensors and plain values; classes of the program become empty nodes, and every other name is
refused.
"""

from __future__ import annotations

import collections
import io
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from srcore.errors import WeightsError, first_line

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


#: What unpickling and slicing run into where bytes are wrong.
_DAMAGE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Node:
    """An object of the program: its attributes, none of its code."""


@attrs.frozen
class _StoredTensor:
    """Where a tensor's numbers are."""

    storage: tuple[str, torch.dtype]
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def read_torchscript(path: Path, prefix: str = "") -> dict[str, Tensor]:
    """Parameters and buffers whose names start with ``prefix``, by name.

    Raises:
        WeightsError: a damaged file, or one that holds more than modules, tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = _root(archive)
            unpickler = _Unpickler(io.BytesIO(archive.read(f"{root}/data.pkl")))
            tree = unpickler.load()
            return {
                name: _materialize(archive, root, tensor)
                for name, tensor in _named_tensors(tree, "")
                if name.startswith(prefix)
            }
    except _DAMAGE as error:
        reason = first_line(error)[:100]
        raise WeightsError(
            f"{path}: TorchScript archive whose weights cannot be read ({reason}); download it "
            "again, or save its weights alone as safetensors"
        ) from error


class _Unpickler(pickle.Unpickler):
    """Builds modules as empty nodes, and nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return _Node
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return _rebuilt_tensor
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return list
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        raise pickle.UnpicklingError(f"refused {module}.{name}")

    def persistent_load(self, pid: Any) -> tuple[str, torch.dtype]:
        _, dtype, key, *_ = pid
        return str(key), dtype


def _rebuilt_tensor(
    storage: tuple[str, torch.dtype],
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    *_: Any,
) -> _StoredTensor:
    return _StoredTensor(storage, offset, tuple(size), tuple(stride))


def _root(archive: zipfile.ZipFile) -> str:
    """The folder that everything in the archive is in; its name is free."""
    trees = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    return trees[0].removesuffix("/data.pkl")


def _named_tensors(node: Any, path: str) -> Iterator[tuple[str, _StoredTensor]]:
    if isinstance(node, _StoredTensor):
        yield path, node
    elif isinstance(node, _Node):
        for name, value in vars(node).items():
            yield from _named_tensors(value, f"{path}.{name}" if path else name)


def _materialize(archive: zipfile.ZipFile, root: str, tensor: _StoredTensor) -> Tensor:
    key, dtype = tensor.storage
    numbers = torch.frombuffer(bytearray(archive.read(f"{root}/data/{key}")), dtype=dtype)
    # A copy, because as_strided keeps the whole storage alive.
    return numbers.as_strided(tensor.size, tensor.stride, tensor.offset).clone()
