"""Limits for weights files: what a file claims never costs much more than the file itself.

A few kilobytes can claim gigabytes: compressed members, tensors that repeat one number by a stride
of zero, settings for a thousand million blocks. Each is compared with what the file really holds
before anything of that size is made.
"""

from __future__ import annotations

import contextlib
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_buffer_registration_hook,
    register_module_parameter_registration_hook,
)

from srcore.errors import WeightsError
from srcore.weights.meta_device import on_meta

#: Room for what a network has beside its weights, such as masks and tables of indices.
_SPARE_VALUES, _SPARE_TENSORS = 1 << 24, 1000


def check_archive(path: Path) -> None:
    """Refuse a PyTorch file whose members would fill more than twice the file itself.

    Raises:
        WeightsError: it was compressed, or its members lie over each other.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            claimed = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        return  # PyTorch says what is damaged
    if claimed > 2 * path.stat().st_size + (1 << 20):
        raise WeightsError(
            f"{path}: refused, because it unpacks to {claimed} bytes from {path.stat().st_size}; "
            "PyTorch does not compress weights: save them anew where they came from"
        )


def check_tensors(source: str | Path, state: Mapping[str, Tensor], size: int | None) -> None:
    """Refuse tensors that are no plain weights, or more of them than the file can hold.

    Args:
        source: the file, as messages name it.
        state: its tensors.
        size: bytes of the file, None if there is none.

    Raises:
        WeightsError: sparse, quantized, complex tensors or such without values, or sizes that the
            file claims but does not hold.
    """
    total = 0
    for name, tensor in state.items():
        kind = _unusual(tensor)
        if kind:
            raise WeightsError(
                f"{source}: {name} is {kind}; expected plain tensors, as "
                "torch.save(model.state_dict(), ...) of a model in float32 writes them"
            )
        total += tensor.numel() * tensor.element_size()
    if size is not None and total > 2 * size:
        raise WeightsError(
            f"{source}: refused, because its tensors claim {total} bytes and the file has {size}"
        )


def _unusual(tensor: Tensor) -> str:
    if tensor.is_nested:
        return "a nested tensor"
    if tensor.layout != torch.strided:
        return f"sparse ({str(tensor.layout).removeprefix('torch.')})"
    if tensor.is_quantized:
        return f"quantized ({str(tensor.dtype).removeprefix('torch.')})"
    if tensor.device.type != "cpu":
        return f"without values (on the device {tensor.device.type})"
    return "complex" if tensor.is_complex() else ""


def check_types(source: str, state: Mapping[str, Tensor], network: Mapping[str, Tensor]) -> None:
    """Refuse whole numbers or booleans where a network has weights: copying would hide it.

    Raises:
        WeightsError: names the first such tensor.
    """
    for name, own in network.items():
        tensor = state.get(name)
        if tensor is not None and own.is_floating_point() and not tensor.is_floating_point():
            kind = str(tensor.dtype).removeprefix("torch.")
            raise WeightsError(
                f"{source}: {name} has values of type {kind}; expected weights in float32, float16 "
                "or bfloat16 (quantized models cannot be read)"
            )


def build_bounded(
    build: Callable[[], Any], state: Mapping[str, Tensor], options: Any, source: str
) -> Any:
    """What ``build`` makes, unless it is far larger than the tensors it was told by.

    It is built without memory first (on the device ``meta``), where that is possible.

    Raises:
        WeightsError: the settings do not belong to the tensors, or nothing can be built from them.
    """
    values = sum(tensor.numel() for tensor in state.values())
    if sum(_whole_numbers(options)) > max(values, 1 << 22):
        raise TooLargeError(f"{source}: its settings ask for more than its tensors hold")
    try:
        with limit_construction(len(state), values, source), on_meta():
            build()
    except TooLargeError:
        raise
    except Exception:
        pass
    with limit_construction(len(state), values, source):
        return build()


class TooLargeError(WeightsError):
    """A network is larger than the file it is made for."""


@contextlib.contextmanager
def limit_construction(tensors: int, values: int, source: str) -> Iterator[None]:
    """Ends the construction of a network that outgrows the tensors of its file.

    Raises:
        TooLargeError: it has more than twice as many tensors or values, and some to spare.
    """
    thread, count, size = threading.get_ident(), 0, 0

    def see(module: nn.Module, name: str, tensor: Tensor | None) -> None:
        nonlocal count, size
        if tensor is None or threading.get_ident() != thread:
            return
        count, size = count + 1, size + tensor.numel()
        if count > 2 * tensors + _SPARE_TENSORS or size > 2 * values + _SPARE_VALUES:
            raise TooLargeError(
                f"{source}: its settings or names ask for a network far larger than its {tensors} "
                f"tensors with {values} values"
            )

    handles = [
        register_module_parameter_registration_hook(see),
        register_module_buffer_registration_hook(see),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _whole_numbers(value: Any) -> Iterator[int]:
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield abs(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _whole_numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _whole_numbers(item)
