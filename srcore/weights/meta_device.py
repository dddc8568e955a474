"""Tensors that have shapes and no values (PyTorch's device ``meta``), made quickly."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: Methods that write numbers into a tensor, and of which initial weights are made.
_FILLING = frozenset(
    {
        Tensor.add_,
        Tensor.clamp_,
        Tensor.erfinv_,
        Tensor.fill_,
        Tensor.mul_,
        Tensor.normal_,
        Tensor.uniform_,
        Tensor.zero_,
    }
)


class _Unwritten(TorchFunctionMode):
    """Initial weights are not made for tensors without memory: nine tenths of the time of some."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        is_filling = func in _FILLING and args and args[0].is_meta
        if is_filling and not any(isinstance(value, Tensor) for value in args[1:]):
            return args[0]
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def on_meta() -> Iterator[None]:
    """Inside of it tensors that are made have shapes and no values."""
    with torch.device("meta"), _Unwritten():
        yield
