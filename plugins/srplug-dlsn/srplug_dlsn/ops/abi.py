"""The interface of the compiled libraries as ``csrc/attention.h`` declares it."""

from __future__ import annotations

import ctypes
import enum

import torch
from torch import Tensor

ABI_VERSION = 2
#: Numbers of the types that kernels compute in; float32 may be rounded to TF32.
TYPES = {torch.float32: 0, torch.float64: 1, torch.float16: 2, torch.bfloat16: 3}
TF32 = 4


class Status(enum.IntEnum):
    """``DlsnStatus`` of ``csrc/attention.h``; positive numbers are the CUDA runtime's."""

    OK = 0
    OUT_OF_MEMORY = -1
    NOT_A_PERMUTATION = -2
    UNSUPPORTED = -3
    TOO_LARGE = -4
    NOT_LAUNCHED = -5


class Sizes(ctypes.Structure):
    """Sizes of a problem: N, L, h, C, D and T."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("images", "length", "rounds", "channels", "width", "chunk")
    ]


class Forward(ctypes.Structure):
    """Tensors of a forward pass."""

    _fields_ = [
        (name, ctypes.c_void_p)
        for name in ("query", "key", "value", "fc_score", "order", "out", "lse")
    ]


class Backward(ctypes.Structure):
    """Tensors of a backward pass."""

    _fields_ = [
        (name, ctypes.c_void_p)
        for name in (
            "grad_out",
            "query",
            "key",
            "value",
            "fc_score",
            "order",
            "out",
            "lse",
            "grad_query",
            "grad_key",
            "grad_value",
            "grad_fc_score",
        )
    ]


class Hash(ctypes.Structure):
    """Sizes and tensors of hashing."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("images", "length", "rounds", "channels", "buckets")),
        *((name, ctypes.c_void_p) for name in ("query", "rotations", "codes", "order")),
    ]


def sizes_of(query: Tensor, value: Tensor, order: Tensor, chunk_size: int) -> Sizes:
    """Of an operator's arguments: ``(N, L, C)``, ``(N, L, D)`` and ``(N, h, L)``."""
    images, length, channels = query.shape
    return Sizes(images, length, order.shape[1], channels, value.shape[2], chunk_size)


def pointers(*tensors: Tensor) -> list[int]:
    """Addresses of the first elements."""
    return [tensor.data_ptr() for tensor in tensors]
