"""A bound for the memory of this process, so that a probe fails instead of filling the machine."""

from __future__ import annotations

import sys

import torch

from srcore.machine.resident_memory import data_bytes


def bound_memory(device: torch.device, most_bytes: int) -> None:
    """Let this process have so much more than it has now; larger requests fail.

    On CUDA that is PyTorch's share of the device, on Linux the data of the process. Elsewhere
    there is no bound that PyTorch keeps to.

    Args:
        device: where networks compute.
        most_bytes: 0: no bound.
    """
    if not most_bytes:
        return
    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, most_bytes / total), device)
    elif sys.platform == "linux":
        import resource

        bound = data_bytes() + most_bytes
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard == resource.RLIM_INFINITY or bound < hard:
            resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))
