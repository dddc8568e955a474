"""What is wrong with the arguments of the operators."""

from __future__ import annotations

import torch
from torch import Tensor


def check_hash(query: Tensor, rotations: Tensor, backend: str) -> None:
    """Refuse what does not fit: shapes ``(N, L, C)`` and ``(h, C, B)``, floats of one device.

    Raises:
        ValueError: another number of axes, another width, or an unknown backend.
        TypeError: whole numbers, or tensors of two devices.
    """
    _check_backend(backend)
    for name, tensor in (("query", query), ("rotations", rotations)):
        if not tensor.is_floating_point():
            raise TypeError(f"{name} is {tensor.dtype}; expected floating-point numbers")
    if rotations.device != query.device:
        raise TypeError(f"rotations is on {rotations.device}; expected {query.device} like query")
    if query.ndim != 3:
        raise ValueError(f"query has shape {tuple(query.shape)}; expected (N, L, C)")
    _check_shape("rotations", rotations, (None, query.shape[2], None))


def check_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    fc_score: Tensor,
    sorted_indices: Tensor,
    chunk_size: int,
    backend: str,
) -> None:
    """Everything the kernels rely on; raw pointers carry neither type nor size.

    Shapes are those of :func:`srplug_dlsn.ops.reference.hashed_attention`: ``(N, L, C)`` twice,
    ``(N, L, D)``, ``(N, L, T)``, ``(N, h, L)``.

    Raises:
        ValueError: a shape, a size or a device that does not fit; the message names it.
        TypeError: a dtype that does not fit.
    """
    _check_backend(backend)
    if chunk_size < 1:
        raise ValueError(f"chunk_size is {chunk_size}; expected at least 1")
    if query.ndim != 3:
        raise ValueError(f"query has shape {tuple(query.shape)}; expected (N, L, C)")
    images, length, channels = query.shape
    _check_shape("key", key, (images, length, channels))
    _check_shape("value", value, (images, length, None))
    _check_shape("fc_score", fc_score, (images, length, chunk_size))
    _check_shape("sorted_indices", sorted_indices, (images, None, length))
    if sorted_indices.shape[1] < 1:
        raise ValueError("sorted_indices holds no round; expected (N, h, L) with h >= 1")
    if query.dtype not in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        raise TypeError(f"query is {query.dtype}; expected float32, float64, float16 or bfloat16")
    if sorted_indices.dtype not in (torch.int32, torch.int64):
        raise TypeError(f"sorted_indices is {sorted_indices.dtype}; expected int32 or int64")
    for name, tensor in (("key", key), ("value", value), ("fc_score", fc_score)):
        if tensor.dtype != query.dtype:
            raise TypeError(f"{name} is {tensor.dtype}; expected {query.dtype} like query")
    for name, tensor in (
        ("key", key),
        ("value", value),
        ("fc_score", fc_score),
        ("sorted_indices", sorted_indices),
    ):
        if tensor.device != query.device:
            raise TypeError(f"{name} is on {tensor.device}; expected {query.device} like query")


def _check_backend(backend: str) -> None:
    if backend not in ("auto", "native", "torch"):
        raise ValueError(f'backend is "{backend}"; expected "auto", "native" or "torch"')


def _check_shape(name: str, tensor: Tensor, expected: tuple[int | None, ...]) -> None:
    fits = tensor.ndim == len(expected) and all(
        wanted is None or size == wanted
        for size, wanted in zip(tensor.shape, expected, strict=True)
    )
    if not fits:
        sizes = ", ".join("*" if size is None else str(size) for size in expected)
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected ({sizes})")
