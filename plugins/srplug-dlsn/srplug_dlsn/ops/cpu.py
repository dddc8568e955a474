"""The CPU: kernels of the C++ library, layout, registrations."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

import torch
from torch import Tensor

from srplug_dlsn.ops import eager
from srplug_dlsn.ops.abi import TYPES, Hash, Sizes, pointers
from srplug_dlsn.ops.autocasting import cast_as_autocast
from srplug_dlsn.ops.checks import check_hash
from srplug_dlsn.ops.failures import raise_for
from srplug_dlsn.ops.kernels import Kernel
from srplug_dlsn.ops.loading import ISA_NAMES, load_library, wanted_isa
from srplug_dlsn.ops.native import DeviceCode


class CpuKernel(Kernel):
    """The C++ library."""

    @property
    def name(self) -> str:
        """Instruction set in force."""
        return f"C++, {ISA_NAMES[self.library.dlsn_cpu_select_isa(wanted_isa(self.library))]}"

    def prepare(self, tensor: Tensor) -> Tensor:
        """16-bit types, of any shape, are computed in float32."""
        dtype = torch.float64 if tensor.dtype == torch.float64 else torch.float32
        return tensor.to(dtype).contiguous()

    def hash_order(self, query: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """By one pass over the queries per round."""
        images, length, channels = query.shape
        rounds, _, buckets = rotations.shape
        query, rotations = query.contiguous(), rotations.transpose(1, 2).contiguous()
        codes = torch.empty(images, rounds, length, dtype=torch.int32)
        order = torch.empty_like(codes)
        addresses = pointers(query, rotations, codes, order)
        request = Hash(images, length, rounds, channels, buckets, *addresses)
        status = self.library.dlsn_cpu_hash_order(ctypes.byref(request), torch.get_num_threads())
        raise_for(status, self.library)
        return codes, order

    def _call(self, what: str, query: Tensor, sizes: Sizes, tensors: Any) -> None:
        function = getattr(self.library, f"dlsn_cpu_{what}")
        status = function(
            TYPES[query.dtype],
            ctypes.byref(sizes),
            ctypes.byref(tensors),
            torch.get_num_threads(),
        )
        raise_for(status, self.library)


def _find_kernel(_: int) -> tuple[Kernel | None, str]:
    loaded = load_library("cpu")
    if loaded.library is None:
        return None, loaded.reason
    return CpuKernel(loaded.library), ""


#: Rows per pixel are what the attention reads; convolutions are quicker this way, too.
CODE = DeviceCode(_find_kernel, torch.channels_last)


def hash_order(query: Tensor, rotations: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    """The operator, compiled for float32: ``(N, L, C)``, ``(h, C, B)`` -> ``(N, h, L)`` twice."""
    check_hash(query, rotations, backend)
    if query.dtype != torch.float64:
        kernel = CODE.choose(backend, query.device, query.dtype)
        if kernel is not None:
            return kernel.hash_order(query.float(), rotations.float())
    return eager.hash_order(query, rotations, backend)


def register(library: Any) -> None:
    """Tell the dispatcher what runs on the CPU."""
    CODE.register(library, "CPU")
    library.impl("hash_order", hash_order, "CPU")
    # 16-bit matrix units exist on CUDA only; here the kernel computes in float32 anyway.
    on_cpu = partial(cast_as_autocast, device="cpu", dtype=torch.float32)
    library.impl("hashed_attention", on_cpu, "AutocastCPU")
