"""How many rows of an image a network takes at a time, and running it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference.failures import OutOfMemoryError, check_finite
from srcore.inference.memory import memory_for_tiles, memory_per_pixel
from srcore.inference.streaming.stream import ReadRows, Stream
from srcore.inference.streaming.verification import recording_of
from srcore.machine.device_names import UsePrecision
from srcore.machine.devices import autocast, device_of
from srcore.machine.memory import is_out_of_memory
from srcore.networks.padding import pad_to_multiple
from srcore.recording.recording import Recording

#: With fewer rows at a time, most of the time goes into what is around convolutions.
_LEAST = 4
_BYTES = 4
#: Rows at a time of images that did not fit as a whole.
_AFTER_FAILURE = 32


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


def upscaled_bands(
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


def whole_by_rows(network: nn.Module, images: Tensor, precision: UsePrecision) -> Tensor | None:
    """Images that did not fit into memory at once, by rows; equal to the whole.

    ``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, float32.

    Args:
        network: in evaluation mode, on its device.
        images: of any sides.
        precision: computed by autocast.

    Returns:
        None where the network looks further than some rows, or memory does not hold those, either.
    """
    recording = recording_of(network)
    if recording is None:
        return None
    number, _, height, width = images.shape
    band = band_for(network, recording, number * width, _AFTER_FAILURE * number * width)
    if band is None:
        return None
    scale, multiple = int(network.scale), int(capability("network", network, "tile_multiple"))  # type: ignore[arg-type]  # an int by the contract
    padded = pad_to_multiple(images, multiple).contiguous(memory_format=torch.channels_last)
    result, done = images.new_empty(*images.shape[:2], scale * height, scale * width), 0
    try:
        for rows in upscaled_bands(
            network,
            recording,
            lambda start, stop: padded[..., start:stop, :],
            padded.shape[-2],
            band,
            precision,
            float,
        ):
            inside = rows[..., : scale * height - done, : scale * width]
            result[..., done : done + inside.shape[-2], :] = inside
            done += inside.shape[-2]
    except OutOfMemoryError:
        return None
    return result
