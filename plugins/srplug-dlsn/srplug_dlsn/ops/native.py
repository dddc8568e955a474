"""The operators of one type of device: by a compiled kernel if there is one for the problem."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import attrs
import torch
from torch import Tensor

from srplug_dlsn.errors import NativeUnavailableError
from srplug_dlsn.ops import abi, eager
from srplug_dlsn.ops.checks import check_attention
from srplug_dlsn.ops.kernels import Gradients, Kernel

_log = logging.getLogger(__name__)

#: The kernel for the device of an index and, if there is none, the reason.
Find = Callable[[int], tuple[Kernel | None, str]]


@attrs.frozen(eq=False)
class DeviceCode:
    """What runs on the devices of one type.

    Attributes:
        find: the kernel for one of these devices.
        memory_format: how features lie best in memory for the attention.
    """

    find: Find
    memory_format: torch.memory_format = torch.preserve_format

    def choose(
        self, backend: str, device: torch.device, dtype: torch.dtype, sizes: abi.Sizes | None = None
    ) -> Kernel | None:
        """The kernel for a device, dtype and sizes, or None for PyTorch operations.

        The forward and the backward pass ask here, so that both are done by the same.

        Raises:
            NativeUnavailableError: ``backend`` is ``"native"`` and there is no kernel.
        """
        if backend == "torch":
            return None
        kernel, reason = self.kernel(device.type, device.index or 0)
        if kernel is not None:
            reason = kernel.obstacle(dtype, sizes, device.index or 0)
            if reason:
                kernel = None
        if kernel is None and backend == "native":
            raise NativeUnavailableError(
                f"hashed_attention: no compiled kernel for {device.type}: {reason}; "
                'use backend "auto" or "torch", or see python -m srplug_dlsn'
            )
        return kernel

    def kernel(self, device_type: str, index: int = 0) -> tuple[Kernel | None, str]:
        """The kernel for a device and, if there is none, the reason; logged once."""
        return _kernel_or_reason(self.find, device_type, index)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        fc_score: Tensor,
        sorted_indices: Tensor,
        chunk_size: int,
        backend: str,
    ) -> tuple[Tensor, Tensor]:
        """The operator: values ``(N, L, D)`` and log-sum-exp per round ``(N, h, L)``."""
        check_attention(query, key, value, fc_score, sorted_indices, chunk_size, backend)
        sizes = abi.sizes_of(query, value, sorted_indices, chunk_size)
        kernel = self.choose(backend, query.device, query.dtype, sizes)
        forward, prepare = (
            (kernel.forward, kernel.prepare) if kernel else (eager.forward, eager.widen)
        )
        out, lse = forward(
            prepare(query),
            prepare(key),
            prepare(value),
            prepare(fc_score),
            sorted_indices,
            chunk_size,
        )
        return out.to(value.dtype), lse

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
        backend: str,
    ) -> Gradients:
        """The operator's gradients for query, key, value, fc_score: ``(N, L, C)`` and so on."""
        check_attention(query, key, value, fc_score, sorted_indices, chunk_size, backend)
        sizes = abi.sizes_of(query, value, sorted_indices, chunk_size)
        kernel = self.choose(backend, query.device, query.dtype, sizes)
        backward, prepare = (
            (kernel.backward, kernel.prepare) if kernel else (eager.backward, eager.widen)
        )
        gradients = backward(
            prepare(grad_out),
            prepare(query),
            prepare(key),
            prepare(value),
            prepare(fc_score),
            sorted_indices,
            prepare(out),
            lse.contiguous(),
            chunk_size,
        )
        first, second, third, fourth = (gradient.to(query.dtype) for gradient in gradients)
        return first, second, third, fourth

    def register(self, library: Any, key: str) -> None:
        """Tell the dispatcher that this runs for a key."""
        library.impl("hashed_attention", self.forward, key)
        library.impl("hashed_attention_backward", self.backward, key)


@functools.cache
def _kernel_or_reason(find: Find, device_type: str, index: int) -> tuple[Kernel | None, str]:
    kernel, reason = find(index)
    if kernel is None:
        _log.info("hashed_attention on %s: PyTorch operations (%s)", device_type, reason)
    else:
        _log.info("hashed_attention on %s: compiled kernel (%s)", device_type, kernel.name)
    return kernel, reason
