"""Whether what was recorded of a network holds: tried on another image, once per network."""

from __future__ import annotations

import logging
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.streaming.stream import Stream
from srcore.machine.devices import device_of
from srcore.recording.operations import NotByRowsError
from srcore.recording.recording import Recording, record

logger = logging.getLogger("srcore")

#: Sides of the recorded image and of the one that is tried, as multiples of ``tile_multiple``.
_RECORDED, _TRIED = (6, 7), (13, 8)
_TRIED_BAND = 3
#: Of the largest value: convolutions over other sides add up in another order.
_TOLERANCE = 1e-4

Situation = tuple[torch.device, tuple[tuple[int, int], ...]]
_known: WeakKeyDictionary[nn.Module, tuple[Situation, Recording | None]] = WeakKeyDictionary()


def recording_of(network: nn.Module) -> Recording | None:
    """The operations of a network; None where it cannot be computed by rows.

    Args:
        network: in evaluation mode; recorded once for the same weights on the same device.
    """
    state = versions_of(network)
    known = _known.get(network)
    if known is None or known[0] != state:
        known = _known[network] = state, _tried(network)
    return known[1]


def versions_of(network: nn.Module) -> Situation:
    """What changes when a tensor is replaced or written to: a recording may hold it, or its use."""
    tensors = (*network.parameters(), *network.buffers())
    versions = ((id(t), 0 if t.is_inference() else t._version) for t in tensors)
    return device_of(network), tuple(versions)


@torch.inference_mode()
def _tried(network: nn.Module) -> Recording | None:
    try:
        multiple = int(capability("network", network, "tile_multiple"))
        recording = record(network, _noise(network, _RECORDED, multiple))
        if any(step.rate * multiple % 1 for step in recording.steps):
            raise NotByRowsError(f"fewer rows than one for {multiple} of the image")
        image = _noise(network, _TRIED, multiple)
        expected, banded = network(image), _in_bands(recording, image, _TRIED_BAND * multiple)
        largest = float((banded - expected).abs().max()) / max(1.0, float(expected.abs().max()))
        if not largest <= _TOLERANCE:
            raise NotByRowsError(f"its bands differ from the whole by {largest:.2g}")
    except Exception as reason:  # whatever is wrong, running the image says it
        logger.debug("%s is not computed by rows: %s", type(network).__name__, reason)
        return None
    return recording


def _in_bands(recording: Recording, image: Tensor, band: int) -> Tensor:
    stream = Stream(recording, image.shape[-2], band)
    parts = []
    while not stream.is_done:
        parts.append(stream.advance(lambda start, stop: image[..., start:stop, :]))
    return torch.cat([part for part in parts if part is not None], -2)


def _noise(network: nn.Module, sides: tuple[int, int], multiple: int) -> Tensor:
    channels = int(capability("network", network, "in_channels"))
    height, width = (side * multiple for side in sides)
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(1, channels, height, width, generator=generator)
    return noise.to(device_of(network))
