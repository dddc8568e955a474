"""The largest memory between two moments, on a device or of the process itself."""

from __future__ import annotations

import torch

from srcore.machine.resident_memory import forget_peak, give_back_memory, peak_bytes, resident_bytes

_start = 0


def count_memory_from_here() -> None:
    """Take what this process has now as the start of all that is measured later.

    For a process that only tries something, once PyTorch is there and nothing else: what a training
    imports is part of what it takes.
    """
    global _start
    _start = resident_bytes() or peak_bytes()


class PeakMemory:
    """Measures what parts of a program take beyond what was in use at the start.

    The start is where this was made, or :func:`count_memory_from_here` was called.

    On CUDA that is what PyTorch has allocated, elsewhere the resident size of the process.

    Args:
        device: where networks compute.

    Attributes:
        start: bytes of the process at the start, with Python and PyTorch in them.
        process: the largest size of the process so far, in bytes.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        give_back_memory()
        self.process = resident_bytes() or peak_bytes()
        self.start = _start or self.process
        self.begin()

    def begin(self) -> None:
        """Forget the largest size so far, where the system can (Linux and CUDA)."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        forget_peak()

    def bytes(self) -> int:
        """Largest size since :meth:`begin`, above the start."""
        largest = peak_bytes()
        self.process = max(self.process, largest)
        if self.device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self.device))
        return max(0, largest - self.start)
