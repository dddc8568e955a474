"""What a status of the compiled libraries is raised as."""

from __future__ import annotations

from typing import Any

from srplug_dlsn.ops.abi import Status
from srplug_dlsn.ops.loading import cuda_error

_WHERE = "hashed_attention: "


def raise_for(status: int, library: Any) -> None:
    """Raise what a function of ``library`` returned, unless all went well.

    Raises:
        MemoryError: no memory for the kernel's buffers.
        ValueError: ``sorted_indices`` is no permutation.
        RuntimeError: anything else, in the words of the CUDA runtime where they are its.
    """
    if status == Status.OK:
        return
    if status > Status.OK:
        raise RuntimeError(f"{_WHERE}{cuda_error(library, status)} (code {status})")
    if status == Status.OUT_OF_MEMORY:
        raise MemoryError(f"{_WHERE}not enough memory for the kernel's buffers")
    if status == Status.NOT_A_PERMUTATION:
        raise ValueError(
            "sorted_indices holds something other than a permutation of 0..L-1 in every round"
        )
    reasons: dict[int, str] = {
        Status.UNSUPPORTED: "the library was built without this type",
        Status.TOO_LARGE: "sizes beyond the kernel's indices, registers or shared memory",
    }
    raise RuntimeError(f"{_WHERE}{reasons.get(status, 'the kernel failed')} (code {status})")
