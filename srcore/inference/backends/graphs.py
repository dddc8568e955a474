"""CUDA graphs: all that a network starts on a GPU for one size of tile, started at once.

Small tiles and networks of many layers wait for the processor that starts their kernels; a graph is
started once. Its addresses are fixed, so that every size has one of its own, with its memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from srcore.inference.backends.backend import ProgramOrder, RunProgram

#: So many sizes keep their graph: tiles of an image have at most four, for most images one.
_KEPT = 4
#: Runs before recording, in which libraries choose their kernels and take their workspace.
_WARM = 3

Capture = Callable[[nn.Module, Tensor], RunProgram]


class CudaGraphs:
    """PyTorch's own kernels, recorded for each size that comes."""

    devices = ("cuda",)
    precisions = ("float32", "bfloat16", "float16")
    memory = 2.0  # a guess: graphs of several sizes lie beside one another
    is_quick = False

    def require(self) -> None:
        """It comes with PyTorch."""

    def program(self, order: ProgramOrder) -> RunProgram:
        """Records when a size comes first."""
        return GraphPerSize(order.network)


class GraphPerSize:
    """Runs a network by a recording for each size of image.

    Args:
        network: in evaluation mode, on its device.
        capture: records it for images such as the given one.
    """

    def __init__(self, network: nn.Module, capture: Capture | None = None) -> None:
        self._network, self._capture = network, capture or captured
        self._runs: OrderedDict[object, RunProgram] = OrderedDict()

    def __call__(self, lr: Tensor) -> Tensor:
        """``(1, C, h, w)`` in [0, 1] -> ``(1, C, scale*h, scale*w)``."""
        key = tuple(lr.shape), _autocast_of(lr.device)
        run = self._runs.get(key)
        if run is None:
            while len(self._runs) >= _KEPT:  # before the next one takes its memory
                self._runs.popitem(last=False)
            run = self._runs[key] = self._capture(self._network, lr)
        self._runs.move_to_end(key)
        return run(lr)


def captured(network: nn.Module, example: Tensor) -> RunProgram:
    """A graph for images ``(1, C, h, w)`` of the size of the example."""
    device = example.device
    is_on, precision = _autocast_of(device)
    # Normal tensors, since those of inference mode may not be written to outside of it.
    with (
        torch.inference_mode(False),
        torch.no_grad(),
        # Weights that autocast keeps would be freed and the graph read what came after them.
        torch.autocast(device.type, precision, enabled=is_on, cache_enabled=False),
    ):
        given = torch.empty_like(example, memory_format=torch.channels_last).copy_(example)
        beside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch's
        beside.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(beside):
            for _ in range(_WARM):
                network(given)
        torch.cuda.current_stream(device).wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            taken: Tensor = network(given)

    def run(lr: Tensor) -> Tensor:
        with torch.inference_mode(False), torch.no_grad():
            given.copy_(lr)
            graph.replay()
            return taken.clone()

    return run


def _autocast_of(device: torch.device) -> tuple[bool, torch.dtype]:
    """Whether autocast is on, and what it casts to."""
    return torch.is_autocast_enabled(device.type), torch.get_autocast_dtype(device.type)
