"""Which device to use, and in which precision to compute on it."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from srcore.errors import SrcoreError, first_line
from srcore.machine.device_names import UsePrecision
from srcore.machine.processes import local_rank, world_size
from srcore.messages import shown
from srcore.options.spelling import spelled


class DeviceError(SrcoreError):
    """A device was asked for that is not here."""

    exit_code = 2


def pick_device(name: str = "auto", key: str = "device") -> torch.device:
    """The device of that name; ``"auto"`` takes CUDA, then MPS (Apple), then the CPU.

    Under ``torchrun`` every process takes the GPU of its ``LOCAL_RANK``, and never MPS, which has
    no collective operations.

    Args:
        name: ``"auto"`` or one of PyTorch's names.
        key: where the user wrote it, an option as in Python or a dotted path of the experiment;
            for messages.

    Raises:
        DeviceError: the device does not exist here.
    """
    is_of_experiment = "." in key
    use_cpu = f'set {key} = "cpu"' if is_of_experiment else f"use {spelled(key, 'cpu')}"
    key = key if is_of_experiment else spelled(key)
    if name == "auto":
        alone = world_size() == 1
        name = "cuda" if torch.cuda.is_available() else "mps" if alone and _has_mps() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        expected = "auto, cpu, cuda, cuda:N or mps"
        raise DeviceError(f"{key}: expected {expected}, found {shown(name)}") from None
    if device.type == "cuda":
        return _cuda(device, key, use_cpu)
    if device.type == "mps":
        if not _has_mps():
            raise DeviceError(f"{key}: no Apple GPU (mps) here; {use_cpu}")
        return device
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = first_line(error).split(". ")[0]
        raise DeviceError(f"{key}: {name} cannot be used here: {reason}; {use_cpu}") from None
    return device


def in_words(device: torch.device, asked: str) -> str:
    """A device by name, and why it was taken where that was left open."""
    text = str(device)
    if device.type == "cuda":
        text += f" ({torch.cuda.get_device_name(device)})"
    if asked != "auto" or device.type != "cpu":
        return text
    if torch.version.cuda is None:
        why = "this PyTorch is built without CUDA"
    else:
        why = "PyTorch finds no CUDA GPU"
    if _has_mps():
        why += ", and several processes cannot share an Apple GPU"
    return f'{text} ("auto": {why})'


def _cuda(device: torch.device, key: str, use_cpu: str) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise DeviceError(f"{key}: PyTorch finds no CUDA GPU here; {use_cpu}")
    index = device.index
    if index is None:
        index = local_rank() % count
    if index >= count:
        raise DeviceError(f"{key}: cuda:{index} does not exist; there are {count} GPUs, from 0")
    return torch.device("cuda", index)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def fix_matrix_products() -> None:
    """Have CUDA's matrix products be deterministic; before the first of them, which reads it."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def wait_for(device: torch.device) -> None:
    """Wait until a device has computed all that it was told to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are; the CPU for one without weights."""
    for tensor in (*network.parameters(), *network.buffers()):
        return tensor.device
    return torch.device("cpu")


def slow_precision(device: torch.device, precision: UsePrecision) -> str:
    """Why ``precision`` will be slow on ``device``; empty if it will not, or nothing is known."""
    if device.type == "cpu" and precision == "float16":
        return "float16 is slow on a CPU; float32 is several times as fast"
    # PyTorch before 2.10 does not say what the processor can do.
    can: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    if device.type != "cpu" or precision != "bfloat16" or can.get("architecture") != "x86_64":
        return ""
    if can.get("avx512_bf16") or can.get("amx_bf16"):
        return ""
    return "this processor has no bfloat16 instructions; float32 is several times as fast"


def autocast(device: torch.device, precision: UsePrecision) -> AbstractContextManager[Any]:
    """Context in which a network computes in ``precision``; weights stay as they are.

    Raises:
        SrcoreError: unknown precision.
    """
    if precision == "float32":
        return contextlib.nullcontext()
    if precision not in ("bfloat16", "float16"):
        raise SrcoreError(
            f"precision: expected float32, bfloat16 or float16, found {shown(precision)}"
        )
    return torch.autocast(device.type, getattr(torch, precision))


def at_least_float32(tensor: Tensor) -> Tensor:
    """``tensor`` in float32 if it has 16 bits, else as it is: what losses compute in.

    It may have any shape and range.
    """
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
