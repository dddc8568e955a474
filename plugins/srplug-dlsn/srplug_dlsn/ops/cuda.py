"""CUDA: kernels of its library, layout, registrations."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import Any

import torch
from torch import Tensor

from srplug_dlsn.hashing import codes_at_once
from srplug_dlsn.ops import eager
from srplug_dlsn.ops.abi import TF32, TYPES, Sizes
from srplug_dlsn.ops.autocasting import cast_as_autocast
from srplug_dlsn.ops.checks import check_hash
from srplug_dlsn.ops.failures import raise_for
from srplug_dlsn.ops.kernels import Gradients, Kernel
from srplug_dlsn.ops.loading import cuda_error, load_library
from srplug_dlsn.ops.native import DeviceCode


class CudaKernel(Kernel):
    """The CUDA library; runs on torch's current stream."""

    @property
    def name(self) -> str:
        """What is running."""
        return "CUDA"

    def obstacle(self, dtype: torch.dtype, sizes: Sizes | None, index: int) -> str:
        """There is no float64 version, and rows of a block must fit into its shared memory."""
        if dtype == torch.float64:
            return f"there is no version for {dtype}"
        if (
            sizes is None
            or self.library.dlsn_cuda_fits(TYPES[dtype], ctypes.byref(sizes), index) == 0
        ):
            return ""
        return (
            f"chunk_size {sizes.chunk} with {sizes.channels} query and {sizes.width} value "
            f"channels in {str(dtype).removeprefix('torch.')} does not fit into the device's "
            "shared memory or the kernel's registers"
        )

    def prepare(self, tensor: Tensor) -> Tensor:
        """The three dtypes are computed as they are; rows are read 16 bytes at a time."""
        tensor = tensor.contiguous()
        return tensor if tensor.data_ptr() % 16 == 0 else tensor.clone()

    def _gradients(self, inputs: tuple[Tensor, Tensor, Tensor, Tensor]) -> Gradients:
        first, second, third, fourth = (torch.empty_like(tensor) for tensor in inputs)
        return first, second, third, fourth

    def _place(self, device: torch.device) -> tuple[int, int]:
        """Device number and the stream to use."""
        stream: int = torch.cuda.current_stream(device).cuda_stream
        return device.index, stream

    def _call(self, what: str, query: Tensor, sizes: Sizes, tensors: Any) -> None:
        if sizes.images == 0 or sizes.length == 0:
            return
        kind = TYPES[query.dtype]
        if query.dtype == torch.float32 and torch.get_float32_matmul_precision() != "highest":
            kind = TF32
        device, stream = self._place(query.device)
        needed = getattr(self.library, f"dlsn_cuda_{what}_workspace")(kind, ctypes.byref(sizes))
        workspace = torch.empty(needed, dtype=torch.uint8, device=query.device)
        status = getattr(self.library, f"dlsn_cuda_{what}")(
            kind,
            ctypes.byref(sizes),
            ctypes.byref(tensors),
            ctypes.c_void_p(workspace.data_ptr()),
            device,
            ctypes.c_void_p(stream),
        )
        raise_for(status, self.library)


def _find_kernel(index: int) -> tuple[Kernel | None, str]:
    loaded = load_library("cuda")
    if loaded.library is None:
        return None, loaded.reason
    status = loaded.library.dlsn_cuda_probe(index)
    if status:
        return None, f"the driver says: {cuda_error(loaded.library, status)} (code {status})"
    return CudaKernel(loaded.library), ""


#: Features lie best as they come.
CODE = DeviceCode(_find_kernel, torch.preserve_format)


def hash_order(query: Tensor, rotations: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    """The operator by one product: ``(N, L, C)``, ``(h, C, B)`` -> ``(N, h, L)`` twice."""
    check_hash(query, rotations, backend)
    return eager.sorted_codes(codes_at_once(query, rotations), rotations)


def register(library: Any) -> None:
    """Tell the dispatcher what runs on CUDA."""
    CODE.register(library, "CUDA")
    library.impl("hash_order", hash_order, "CUDA")
    library.impl(
        "hashed_attention", partial(cast_as_autocast, device="cuda", dtype=None), "AutocastCUDA"
    )
