"""The kernels of the compiled libraries as calls with tensors."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from srplug_dlsn.ops.abi import (
    TF32,
    TYPES,
    Backward,
    Forward,
    Hash,
    Sizes,
    Status,
    pointers,
    sizes_of,
)
from srplug_dlsn.ops.loading import ISA_NAMES, cuda_error, wanted_isa

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
        """Contiguous, in a dtype that the kernel takes."""
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
        """Output and log-sum-exp per round."""
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
        """Gradients for query, key, value and fc_score."""
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


class CpuKernel(Kernel):
    """The C++ library."""

    @property
    def name(self) -> str:
        """Instruction set in force."""
        return f"C++, {ISA_NAMES[self.library.dlsn_cpu_select_isa(wanted_isa(self.library))]}"

    def prepare(self, tensor: Tensor) -> Tensor:
        """16-bit types are computed in float32."""
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
        self._raise(status)
        return codes, order

    def _call(self, what: str, query: Tensor, sizes: Sizes, tensors: Any) -> None:
        function = getattr(self.library, f"dlsn_cpu_{what}")
        status = function(
            TYPES[query.dtype],
            ctypes.byref(sizes),
            ctypes.byref(tensors),
            torch.get_num_threads(),
        )
        self._raise(status)

    @staticmethod
    def _raise(status: int) -> None:
        if status == Status.OUT_OF_MEMORY:
            raise MemoryError("hashed_attention: not enough memory for the kernel's buffers")
        if status == Status.NOT_A_PERMUTATION:
            raise ValueError(
                "sorted_indices holds something other than a permutation of 0..L-1 in every round"
            )
        if status:
            raise RuntimeError(f"hashed_attention: the kernel failed with status {status}")


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
        if status:
            raise RuntimeError(f"hashed_attention: {cuda_error(self.library, status)}")
