"""What the kernels of all compiled libraries have in common, as calls with tensors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from srplug_dlsn.ops.abi import Backward, Forward, Sizes, pointers, sizes_of

Gradients = tuple[Tensor, Tensor, Tensor, Tensor]


class Kernel:
    """Calls one library. Arguments are checked and prepared; shapes as in the operator."""

    def __init__(self, library: Any) -> None:
        self.library = library

    @property
    def name(self) -> str:
        """What is running, for logs."""
        raise NotImplementedError

    def obstacle(self, dtype: torch.dtype, sizes: Sizes | None, index: int) -> str:
        """Why the kernel cannot do a problem of these sizes (None: any); empty if it can."""
        return ""

    def prepare(self, tensor: Tensor) -> Tensor:
        """A tensor of any shape, contiguous and in a dtype that the kernel takes."""
        raise NotImplementedError

    def hash_order(self, query: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Codes and order ``(N, h, L)`` int32 of float32 queries; the CPU library has it."""
        raise NotImplementedError

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        fc_score: Tensor,
        sorted_indices: Tensor,
        chunk_size: int,
    ) -> tuple[Tensor, Tensor]:
        """Values ``(N, L, D)`` and log-sum-exp per round ``(N, h, L)``."""
        order = sorted_indices.to(torch.int32).contiguous()
        out = torch.empty_like(value)
        dtype = torch.float64 if query.dtype == torch.float64 else torch.float32
        lse = torch.empty(order.shape, dtype=dtype, device=query.device)
        tensors = Forward(*pointers(query, key, value, fc_score, order, out, lse))
        self._call("forward", query, sizes_of(query, value, order, chunk_size), tensors)
        return out, lse

    def backward(
        self,
        grad_out: Tensor,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        fc_score: Tensor,
        sorted_indices: Tensor,
        out: Tensor,
        lse: Tensor,
        chunk_size: int,
    ) -> Gradients:
        """Gradients for query, key, value, fc_score, of their shapes: ``(N, L, C)`` and so on."""
        order = sorted_indices.to(torch.int32).contiguous()
        inputs = (query, key, value, fc_score)
        gradients = self._gradients(inputs)
        tensors = Backward(*pointers(grad_out, *inputs, order, out, lse, *gradients))
        self._call("backward", query, sizes_of(query, value, order, chunk_size), tensors)
        return gradients

    def _gradients(self, inputs: tuple[Tensor, Tensor, Tensor, Tensor]) -> Gradients:
        first, second, third, fourth = (torch.zeros_like(tensor) for tensor in inputs)
        return first, second, third, fourth

    def _call(self, what: str, query: Tensor, sizes: Sizes, tensors: Any) -> None:
        raise NotImplementedError
