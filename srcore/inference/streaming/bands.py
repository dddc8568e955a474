"""How many rows of an image a network takes at a time, and running it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.memory import memory_for_tiles, memory_per_pixel
from srcore.inference.streaming.recording import Recording
from srcore.inference.streaming.stream import ReadRows, Stream
from srcore.inference.windowed_network import OutOfMemoryError, check_finite
from srcore.machine.device_names import UsePrecision
from srcore.machine.devices import autocast, device_of
from srcore.machine.memory import is_out_of_memory

#: With fewer rows at a time, most of the time goes into what is around convolutions.
_LEAST = 4
_BYTES = 4


def band_for(network: nn.Module, recording: Recording, width: int, area: int) -> int | None:
    """Rows of an image that a network is to take at a time; None if memory does not hold them.

    Args:
        network: in evaluation mode, on its device.
        recording: its operations.
        width: of the image, times the number of images that are computed together.
        area: pixels of a band, fewer where memory is short.
    """
    rows = max(_LEAST, area // width)
    memory = memory_for_tiles(device_of(network))
    if memory is not None:
        left = memory / width - recording.kept_values() * _BYTES
        rows = min(rows, int(left // memory_per_pixel(network)))
    multiple = int(capability("network", network, "tile_multiple"))
    return max(multiple, rows // multiple * multiple) if rows >= _LEAST else None


def enlarged(
    network: nn.Module,
    recording: Recording,
    read: ReadRows,
    height: int,
    band: int,
    precision: UsePrecision,
    tell: Callable[[float], object],
) -> Iterator[Tensor]:
    """An enlarged image from top to bottom, ``(N, C, rows, W)`` at a time, float32.

    Args:
        network: what was recorded.
        recording: its operations.
        read: gives rows of the image, whose sides are multiples of ``tile_multiple``.
        height: of the image.
        band: rows of the image at a time; fewer from when on memory runs out.
        precision: computed by autocast.
        tell: called with how much of the work is done, 0 to 1.

    Raises:
        OutOfMemoryError: the least number of rows is still too much.
        SrcoreError: the result is not finite.
    """
    device, multiple = device_of(network), int(capability("network", network, "tile_multiple"))
    stream, given, made = Stream(recording, height, band), 0, 0
    while not stream.is_done:
        try:
            with torch.inference_mode(), autocast(device, precision):
                rows = stream.advance(read)
                rows = None if rows is None else rows.float()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            fewer = band // 2 // multiple * multiple
            if fewer < max(1, _LEAST // 2):
                raise OutOfMemoryError.of(device, f"{band} rows", error) from error
            # From the start again: what was given comes out the same.
            band, made = fewer, 0
            stream = Stream(recording, height, band)
            continue
        tell(stream.share)
        if rows is None:
            continue
        made += rows.shape[-2]
        if made > given:
            rows = rows[..., given - made :, :]
            check_finite(rows, precision)
            given = made
            yield rows
