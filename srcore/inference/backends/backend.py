"""What a backend is: the page that an author of one reads.

A plugin registers one as the core does:

    registry.add("srcore.backend", "tensorrt", None, "srplug_tensorrt.backend:TensorRT")

It is built without arguments, and only when it is asked for. What it computes is compared with
PyTorch before an image of the user goes through it, so a backend need not check itself. Those that
run what ``srcore convert`` writes share :class:`srcore.inference.backends.of_format.FormatBackend`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import attrs
from torch import Tensor, nn

from srcore.errors import SrcoreError
from srcore.inference.backends.core import KIND as KIND
from srcore.inference.options import UpscaleOptions
from srcore.options.declaration import defaults

#: An image ``(1, C, h, w)`` in [0, 1], float32, of any size -> ``(1, C, scale*h, scale*w)``.
RunProgram = Callable[[Tensor], Tensor]


class BackendError(SrcoreError):
    """A backend cannot compute what it is asked for, or computes something else."""

    exit_code = 2


@attrs.frozen(kw_only=True)
class ProgramOrder:
    """What a backend is to compute.

    Attributes:
        network: in evaluation mode, on its device.
        example: an image ``(1, C, h, w)`` that it takes.
        precision: one of the backend's.
        calibration: images such as the example by which the steps of ``"int8"`` are chosen; empty
            for other precisions.
    """

    network: nn.Module
    example: Tensor
    precision: str = defaults(UpscaleOptions).precision
    calibration: tuple[Tensor, ...] = ()


@runtime_checkable
class NetworkBackend(Protocol):
    """Computes networks in PyTorch's place, on as many threads as ``torch.get_num_threads()``.

    Attributes:
        devices: types of the devices that it computes on, such as ``("cpu",)``.
        precisions: of ``"float32"``, ``"bfloat16"``, ``"float16"`` and ``"int8"`` those it has;
            the 16-bit ones are PyTorch's autocast around its call.
        memory: of an image, as a multiple of ``memory_per_pixel`` of its network; of those here it
            is measured (``benchmarks/backend_memory.py``).
        is_quick: whether a network is ready within seconds, so that ``auto`` may try it.
    """

    devices: tuple[str, ...]
    precisions: tuple[str, ...]
    memory: float
    is_quick: bool

    def require(self) -> None:
        """Do nothing where all is installed that it needs.

        Raises:
            SrcoreError: something is missing; says what to install.
        """

    def program(self, order: ProgramOrder) -> RunProgram:
        """The network, ready to run; any exception says that it cannot be done."""
        ...
