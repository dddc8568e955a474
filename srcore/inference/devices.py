"""Which device to use, and in which precision to compute on it."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from typing import Any, Literal

import torch
from torch import nn

from srcore.errors import SrcoreError

Precision = Literal["float32", "bfloat16", "float16"]


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; ``"auto"`` takes CUDA, then MPS (Apple), then the CPU.

    Under ``torchrun`` every process takes the GPU of its ``LOCAL_RANK``.

    Raises:
        SrcoreError: the device does not exist here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise SrcoreError(
            f"device: expected auto, cpu, cuda, cuda:N or mps, found {name!r}"
        ) from None
    if device.type == "cuda":
        return _cuda(device)
    if device.type == "mps" and not _has_mps():
        raise SrcoreError("device: no Apple GPU (mps) here; use --device cpu")
    return device


def _cuda(device: torch.device) -> torch.device:
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise SrcoreError("device: PyTorch finds no CUDA GPU here; use --device cpu")
    index = device.index
    if index is None:
        index = int(os.environ.get("LOCAL_RANK", "0")) % count
    if index >= count:
        raise SrcoreError(f"device: cuda:{index} does not exist; there are {count} GPUs, from 0")
    return torch.device("cuda", index)


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


def device_of(network: nn.Module) -> torch.device:
    """Where a network's weights are; the CPU for one without weights."""
    for tensor in (*network.parameters(), *network.buffers()):
        return tensor.device
    return torch.device("cpu")


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[Any]:
    """Context in which a network computes in ``precision``; weights stay as they are.

    Raises:
        SrcoreError: unknown precision.
    """
    if precision == "float32":
        return contextlib.nullcontext()
    if precision not in ("bfloat16", "float16"):
        raise SrcoreError(f"precision: expected float32, bfloat16 or float16, found {precision!r}")
    return torch.autocast(device.type, getattr(torch, precision))
