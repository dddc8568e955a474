"""Finding, loading, probing and calling the compiled libraries.

Environment: ``SRPLUG_DLSN_LIBDIR`` is the only folder searched if set; ``SRPLUG_DLSN_CPU_ISA``
(``base``, ``avx2``, ``avx512``) lowers the instruction set.
"""

from __future__ import annotations

import ctypes
import enum
import functools
import importlib.resources
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from srplug_dlsn.errors import NativeUnavailableError

ABI_VERSION = 2
#: Why an installation has no CUDA library; written by ``cmake/BuildCuda.cmake``.
CUDA_BUILD = "cuda_build.txt"
ISA_NAMES = ("base", "avx2", "avx512")
Gradients = tuple[Tensor, Tensor, Tensor, Tensor]

_log = logging.getLogger(__name__)
_TF32 = 4
_TYPES = {torch.float32: 0, torch.float64: 1, torch.float16: 2, torch.bfloat16: 3}
_SUFFIX = {"win32": ".dll"}.get(sys.platform, ".so")


class Status(enum.IntEnum):
    """``DlsnStatus`` of ``csrc/attention.h``; positive numbers are the CUDA runtime's."""

    OK = 0
    OUT_OF_MEMORY = -1
    NOT_A_PERMUTATION = -2
    UNSUPPORTED = -3
    TOO_LARGE = -4


class Sizes(ctypes.Structure):
    """Sizes of a problem: N, L, h, C, D and T."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in ("images", "length", "rounds", "channels", "width", "chunk")
    ]


class _Forward(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_void_p)
        for name in ("query", "key", "value", "fc_score", "order", "out", "lse")
    ]


class _Backward(ctypes.Structure):
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


class _Hash(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("images", "length", "rounds", "channels", "buckets")),
        *((name, ctypes.c_void_p) for name in ("query", "rotations", "codes", "order")),
    ]


@attrs.frozen
class Loaded:
    """A library that was looked for.

    Attributes:
        path: its file; None if there is none.
        library: the open library; None if it cannot be used.
        reason: why not; empty if it can.
    """

    path: Path | None
    library: Any
    reason: str


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
        return None, f"the driver says: {_cuda_error(loaded.library, status)} (code {status})"
    return CudaKernel(loaded.library), ""


@functools.cache
def load(device_type: str) -> Loaded:
    """Find and open ``_libdlsn_cpu`` or ``_libdlsn_cuda``."""
    name = f"_libdlsn_{device_type}{_SUFFIX}"
    path = next((folder / name for folder in folders() if (folder / name).is_file()), None)
    if path is None:
        where = " or ".join(map(str, folders()))
        return Loaded(None, None, f"no {name} in {where}{_why_not_built(device_type)}")
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        return Loaded(path, None, f"{path} cannot be loaded: {error}")
    version = library.dlsn_abi_version()
    if version != ABI_VERSION:
        reason = f"{path} has interface {version}; expected {ABI_VERSION}; reinstall srplug-dlsn"
        return Loaded(path, None, reason)
    if device_type == "cpu":
        library.dlsn_cpu_select_isa(_wanted_isa(library))
    else:
        declare(library)
    return Loaded(path, library, "")


def _why_not_built(device_type: str) -> str:
    if device_type == "cpu":
        return "; reinstall srplug-dlsn with a C++ compiler"
    for file in (folder / CUDA_BUILD for folder in folders()):
        if file.is_file():
            reason, *output = file.read_text("utf-8", errors="replace").strip().split("\n")
            found = f" ({file} holds its output)" if output else ""
            return f": when it was installed, {reason}{found}; mend that and reinstall srplug-dlsn"
    return "; reinstall srplug-dlsn with a CUDA compiler"


def declare(library: Any) -> None:
    """Tell ctypes what the CUDA library's functions return where it is no int."""
    library.dlsn_cuda_error.restype = ctypes.c_char_p
    library.dlsn_cuda_forward_workspace.restype = ctypes.c_int64
    library.dlsn_cuda_backward_workspace.restype = ctypes.c_int64


def folders() -> Iterator[Path]:
    """Where the libraries may be: an editable install has several folders."""
    only = os.environ.get("SRPLUG_DLSN_LIBDIR")
    if only is not None:
        yield Path(only)
        return
    package = importlib.resources.files("srplug_dlsn")
    yield from (Path(str(path)) for path in getattr(package, "_paths", [package]))


def _wanted_isa(library: Any) -> int:
    name = os.environ.get("SRPLUG_DLSN_CPU_ISA")
    if name is None:
        return int(library.dlsn_cpu_best_isa())
    if name not in ISA_NAMES:
        raise NativeUnavailableError(
            f"SRPLUG_DLSN_CPU_ISA is {name!r}; expected one of {', '.join(ISA_NAMES)}"
        )
    return ISA_NAMES.index(name)


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
        tensors = _Forward(*_pointers(query, key, value, fc_score, order, out, lse))
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
        tensors = _Backward(*_pointers(grad_out, *inputs, order, out, lse, *gradients))
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
        return f"C++, {ISA_NAMES[self.library.dlsn_cpu_select_isa(_wanted_isa(self.library))]}"

    def prepare(self, tensor: Tensor) -> Tensor:
        """16-bit types are computed in float32."""
        dtype = torch.float64 if tensor.dtype == torch.float64 else torch.float32
        return tensor.to(dtype).contiguous()

    def hash_order(self, query: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Codes and order ``(N, h, L)`` int32 of float32 queries."""
        images, length, channels = query.shape
        rounds, _, buckets = rotations.shape
        query, rotations = query.contiguous(), rotations.transpose(1, 2).contiguous()
        codes = torch.empty(images, rounds, length, dtype=torch.int32)
        order = torch.empty_like(codes)
        pointers = _pointers(query, rotations, codes, order)
        request = _Hash(images, length, rounds, channels, buckets, *pointers)
        status = self.library.dlsn_cpu_hash_order(ctypes.byref(request), torch.get_num_threads())
        self._raise(status)
        return codes, order

    def _call(self, what: str, query: Tensor, sizes: Sizes, tensors: Any) -> None:
        function = getattr(self.library, f"dlsn_cpu_{what}")
        status = function(
            _TYPES[query.dtype],
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
            or self.library.dlsn_cuda_fits(_TYPES[dtype], ctypes.byref(sizes), index) == 0
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
        kind = _TYPES[query.dtype]
        if query.dtype == torch.float32 and torch.get_float32_matmul_precision() != "highest":
            kind = _TF32
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
            raise RuntimeError(f"hashed_attention: {_cuda_error(self.library, status)}")


def _cuda_error(library: Any, status: int) -> str:
    text: bytes = library.dlsn_cuda_error(status)
    return text.decode()


def sizes_of(query: Tensor, value: Tensor, order: Tensor, chunk_size: int) -> Sizes:
    """Of an operator's arguments."""
    images, length, channels = query.shape
    return Sizes(images, length, order.shape[1], channels, value.shape[2], chunk_size)


def _pointers(*tensors: Tensor) -> list[int]:
    return [tensor.data_ptr() for tensor in tensors]
