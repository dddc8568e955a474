"""Which compiled kernel runs, if any."""

from __future__ import annotations

import functools
import logging

import torch

from srplug_dlsn.errors import NativeUnavailableError
from srplug_dlsn.ops.abi import Sizes
from srplug_dlsn.ops.kernels import CpuKernel, CudaKernel, Kernel
from srplug_dlsn.ops.loading import cuda_error, load

_log = logging.getLogger(__name__)


def choose(
    backend: str, device: torch.device, dtype: torch.dtype, sizes: Sizes | None = None
) -> Kernel | None:
    """The kernel for a device, dtype and sizes, or None for PyTorch operations.

    The forward and the backward pass ask here, so that both are done by the same.

    Raises:
        NativeUnavailableError: ``backend`` is ``"native"`` and there is no kernel.
    """
    if backend == "torch":
        return None
    kernel, reason = kernel_for(device.type, device.index or 0)
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


@functools.cache
def kernel_for(device_type: str, index: int = 0) -> tuple[Kernel | None, str]:
    """The kernel for a device and, if there is none, the reason; logged once."""
    kernel, reason = _find_kernel(device_type, index)
    if kernel is None:
        _log.info("hashed_attention on %s: PyTorch operations (%s)", device_type, reason)
    else:
        _log.info("hashed_attention on %s: compiled kernel (%s)", device_type, kernel.name)
    return kernel, reason


def _find_kernel(device_type: str, index: int) -> tuple[Kernel | None, str]:
    if device_type not in ("cpu", "cuda"):
        return None, "the kernels are for cpu and cuda"
    loaded = load(device_type)
    if loaded.library is None:
        return None, loaded.reason
    if device_type == "cpu":
        return CpuKernel(loaded.library), ""
    status = loaded.library.dlsn_cuda_probe(index)
    if status:
        return None, f"the driver says: {cuda_error(loaded.library, status)} (code {status})"
    return CudaKernel(loaded.library), ""
