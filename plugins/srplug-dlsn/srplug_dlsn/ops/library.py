"""``torch.ops.srplug_dlsn``: schemas, shapes, gradients, and what runs where.

Use :func:`hashed_attention`. The operators below it can be traced (``torch.compile``,
``torch.export``), mapped (``torch.vmap``) and run under autocast.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from srplug_dlsn.ops import cpu, cuda, devices, eager
from srplug_dlsn.ops.checks import check_attention, check_hash
from srplug_dlsn.ops.kernels import Gradients

Backend = Literal["auto", "native", "torch"]

_library: Any = torch.library.Library("srplug_dlsn", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch has no annotations here
_library.define(
    "hashed_attention(Tensor query, Tensor key, Tensor value, Tensor fc_score, "
    "Tensor sorted_indices, int chunk_size, str backend) -> (Tensor out, Tensor lse)",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_library.define(
    "hashed_attention_backward(Tensor grad_out, Tensor query, Tensor key, Tensor value, "
    "Tensor fc_score, Tensor sorted_indices, Tensor out, Tensor lse, int chunk_size, str backend) "
    "-> (Tensor grad_query, Tensor grad_key, Tensor grad_value, Tensor grad_fc_score)",
    tags=(torch.Tag.pt2_compliant_tag,),
)
_library.define(
    "hash_order(Tensor query, Tensor rotations, str backend) -> (Tensor codes, Tensor order)",
    tags=(torch.Tag.pt2_compliant_tag,),
)


def hash_order(
    query: Tensor, rotations: Tensor, *, backend: Backend = "auto"
) -> tuple[Tensor, Tensor]:
    """Hash codes of queries and the order that sorts pixels by code.

    A round's code is the index of the largest projection of a query on the columns of a matrix
    (the first of equals: an all-zero query has code 0); equal codes stay in ascending order of
    their pixels. Computed in true float32 or better, whatever the input; no gradient.

    Args:
        query: ``(N, L, C)``.
        rotations: ``(h, C, B)`` float32, see :func:`srplug_dlsn.hashing.draw_rotations`.
        backend: as in :func:`hashed_attention`; the compiled version is for float32 on the CPU,
            elsewhere PyTorch operations do the work.

    Returns:
        Codes in ``0..B-1`` and sorted pixel indices, both ``(N, h, L)`` int32.

    Raises:
        ValueError: shapes that do not fit.
    """
    result: tuple[Tensor, Tensor] = torch.ops.srplug_dlsn.hash_order(
        query.detach(), rotations, backend
    )
    return result


def _hash_order_shapes(query: Tensor, rotations: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    check_hash(query, rotations, backend)
    shape = (query.shape[0], rotations.shape[0], query.shape[1])
    return query.new_empty(shape, dtype=torch.int32), query.new_empty(shape, dtype=torch.int32)


def hashed_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    fc_score: Tensor,
    sorted_indices: Tensor,
    chunk_size: int,
    *,
    backend: Backend = "auto",
) -> tuple[Tensor, Tensor]:
    """Attention of every pixel to the pixels that a sort puts near it.

    In every round the pixels stand in the order ``sorted_indices`` and are cut into chunks of
    ``chunk_size`` slots; the last chunk is filled up with copies of the last elements, which are
    keys like any other. A query in slot ``i`` of chunk ``c`` scores all keys of the chunks ``c-1``,
    ``c`` and ``c+1`` (cyclic, with multiplicity) by ``s = query . key + fc_score[key pixel, i]``,
    and one softmax over the keys of all rounds weights the values (Su et al., TPAMI 2022, Global
    Learnable Attention, equations of section 3). Nothing of the size of the scores is stored, and
    time and memory grow linearly with the number of pixels.

    All four floating tensors must have one dtype and device. float32 and float64 are computed as
    they are; float16 and bfloat16 with float32 sums. Gradients reach query, key, value and
    fc_score; ``lse`` has none, and there is no second derivative.

    Args:
        query: ``(N, L, C)``.
        key: ``(N, L, C)``, normalized by the caller where that is wanted.
        value: ``(N, L, D)``.
        fc_score: ``(N, L, T)``, what a pixel as a key adds for the query in each slot.
        sorted_indices: ``(N, h, L)`` int32 or int64, a permutation of ``0..L-1`` per round. Other
            contents are an error on the CPU and undefined (but memory-safe) on CUDA.
        chunk_size: slots of a chunk, ``T``. With ``L < T`` there is one chunk of ``L`` slots.
        backend: ``"native"``: the compiled kernel, or an error that says why there is none;
            ``"torch"``: PyTorch operations; ``"auto"``: native where it is available, else torch
            (logged once).

    Returns:
        The attended values ``(N, L, D)`` in the inputs' dtype and, per round, the log-sum-exp of
        each query's scores ``(N, h, L)``, float32 (float64 for float64).

    Raises:
        ValueError: shapes that do not fit, named with what was expected.
        TypeError: dtypes or devices that differ or are not supported.
        NativeUnavailableError: ``backend="native"`` and there is no kernel for the device.

    Example:
        >>> import torch
        >>> query, value = torch.rand(1, 10, 4), torch.rand(1, 10, 3)
        >>> order = torch.stack([torch.randperm(10), torch.randperm(10)])[None]
        >>> out, lse = hashed_attention(query, query, value, torch.zeros(1, 10, 4), order, 4)
        >>> out.shape, lse.shape
        (torch.Size([1, 10, 3]), torch.Size([1, 2, 10]))
    """
    result: tuple[Tensor, Tensor] = torch.ops.srplug_dlsn.hashed_attention(
        query, key, value, fc_score, sorted_indices, chunk_size, backend
    )
    return result


def _forward_shapes(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    fc_score: Tensor,
    sorted_indices: Tensor,
    chunk_size: int,
    backend: str,
) -> tuple[Tensor, Tensor]:
    check_attention(query, key, value, fc_score, sorted_indices, chunk_size, backend)
    images, rounds, length = sorted_indices.shape
    lse = query.new_empty((images, rounds, length), dtype=eager.accumulator(query.dtype))
    return value.new_empty(value.shape), lse


def _backward_shapes(
    grad_out: Tensor, query: Tensor, key: Tensor, value: Tensor, fc_score: Tensor, *_: Any
) -> Gradients:
    return (
        query.new_empty(query.shape),
        key.new_empty(key.shape),
        value.new_empty(value.shape),
        fc_score.new_empty(fc_score.shape),
    )


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.chunk_size, ctx.backend = inputs
    ctx.save_for_backward(*tensors, *output)
    ctx.mark_non_differentiable(output[1])


def _gradients(ctx: Any, grad_out: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:
    gradients = torch.ops.srplug_dlsn.hashed_attention_backward(
        grad_out, *ctx.saved_tensors, ctx.chunk_size, ctx.backend
    )
    return *gradients, None, None, None


def _no_second_derivative(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
    raise NotImplementedError("hashed_attention has no second derivative")


def _vmap(info: Any, in_dims: tuple[int | None, ...], *arguments: Any, of: str) -> tuple[Any, Any]:
    """Images are independent: fold the mapped axis into the first one."""

    def fold(argument: Any, axis: int | None) -> Any:
        if not isinstance(argument, Tensor):
            return argument
        if axis is None:
            return argument.expand(info.batch_size, *argument.shape).flatten(0, 1)
        return argument.movedim(axis, 0).flatten(0, 1)

    operator = getattr(torch.ops.srplug_dlsn, of)
    results = operator(*map(fold, arguments, in_dims))
    unfolded = tuple(result.unflatten(0, (info.batch_size, -1)) for result in results)
    return unfolded, (0,) * len(unfolded)


def _register_operators() -> None:
    shapes: dict[str, Callable[..., Any]] = {
        "hash_order": _hash_order_shapes,
        "hashed_attention": _forward_shapes,
        "hashed_attention_backward": _backward_shapes,
    }
    for name, function in shapes.items():
        torch.library.register_fake(f"srplug_dlsn::{name}", function, lib=_library)
    _library.impl("hash_order", eager.hash_order, "CompositeExplicitAutograd")
    devices.ELSEWHERE.register(_library, "CompositeExplicitAutograd")
    cpu.register(_library)
    cuda.register(_library)
    for name, gradient, setup in (
        ("hashed_attention", _gradients, _setup_context),
        ("hashed_attention_backward", _no_second_derivative, None),
    ):
        torch.library.register_autograd(
            f"srplug_dlsn::{name}", gradient, setup_context=setup, lib=_library
        )
        torch.library.register_vmap(f"srplug_dlsn::{name}", partial(_vmap, of=name), lib=_library)


_register_operators()
