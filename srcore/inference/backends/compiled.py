"""PyTorch's own compiler: operations fused into code for this machine."""

from __future__ import annotations

import torch

from srcore.inference.backends.backend import ProgramOrder, RunProgram


class Compiled:
    """``torch.compile``, for any size at once; the first image waits until it is done.

    A network that was compiled stays in memory as long as the process.
    """

    devices = ("cpu", "cuda")
    precisions = ("float32", "bfloat16", "float16")
    memory = 1.1
    is_quick = False

    def require(self) -> None:
        """It comes with PyTorch; that there is no C++ compiler shows when it compiles."""

    def program(self, order: ProgramOrder) -> RunProgram:
        """Compiled when it is first called."""
        run: RunProgram = torch.compile(order.network, dynamic=True)
        return run
