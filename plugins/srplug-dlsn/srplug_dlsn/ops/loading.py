"""Finding and opening the compiled libraries.

Environment: ``SRPLUG_DLSN_LIBDIR`` is the only folder searched if set; ``SRPLUG_DLSN_CPU_ISA``
(``base``, ``avx2``, ``avx512``) lowers the instruction set.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.resources
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from srplug_dlsn.errors import NativeUnavailableError
from srplug_dlsn.ops.abi import ABI_VERSION

#: Why an installation has no CUDA library; written by ``cmake/BuildCuda.cmake``.
CUDA_BUILD = "cuda_build.txt"
ISA_NAMES = ("base", "avx2", "avx512")

_SUFFIX = {"win32": ".dll"}.get(sys.platform, ".so")


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


@functools.cache
def load_library(device_type: str) -> Loaded:
    """Find and open ``_libdlsn_cpu`` or ``_libdlsn_cuda``."""
    name = f"_libdlsn_{device_type}{_SUFFIX}"
    path = next((folder / name for folder in library_folders() if (folder / name).is_file()), None)
    if path is None:
        where = " or ".join(map(str, library_folders()))
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
        library.dlsn_cpu_select_isa(wanted_isa(library))
    else:
        declare(library)
    return Loaded(path, library, "")


def _why_not_built(device_type: str) -> str:
    if device_type == "cpu":
        return "; reinstall srplug-dlsn with a C++ compiler"
    for file in (folder / CUDA_BUILD for folder in library_folders()):
        if file.is_file():
            reason, *output = file.read_text("utf-8", errors="replace").strip().split("\n")
            hint = f" ({file} holds its output)" if output else ""
            return f": when it was installed, {reason}{hint}; mend that and reinstall srplug-dlsn"
    return "; reinstall srplug-dlsn with a CUDA compiler"


def declare(library: Any) -> None:
    """Tell ctypes what the CUDA library's functions return where it is no int."""
    library.dlsn_cuda_error.restype = ctypes.c_char_p
    library.dlsn_cuda_forward_workspace.restype = ctypes.c_int64
    library.dlsn_cuda_backward_workspace.restype = ctypes.c_int64


def library_folders() -> Iterator[Path]:
    """Where the libraries may be: an editable install has several folders."""
    only = os.environ.get("SRPLUG_DLSN_LIBDIR")
    if only is not None:
        yield Path(only)
        return
    package = importlib.resources.files("srplug_dlsn")
    yield from (Path(str(path)) for path in getattr(package, "_paths", [package]))


def wanted_isa(library: Any) -> int:
    """The instruction set that the environment asks for, else the best of the processor.

    Raises:
        NativeUnavailableError: there is none of that name.
    """
    name = os.environ.get("SRPLUG_DLSN_CPU_ISA")
    if name is None:
        return int(library.dlsn_cpu_best_isa())
    if name not in ISA_NAMES:
        raise NativeUnavailableError(
            f'SRPLUG_DLSN_CPU_ISA is "{name}"; expected one of {", ".join(ISA_NAMES)}'
        )
    return ISA_NAMES.index(name)


def cuda_error(library: Any, status: int) -> str:
    """What the CUDA runtime calls a status."""
    text: bytes = library.dlsn_cuda_error(status)
    return text.decode()
