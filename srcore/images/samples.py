"""Stored samples -> the full range of 8 or 16 bits, some rows at a time to save memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from srcore.images.format import ImageArray

_BAND_SAMPLES = 2**20


def bands(rows: int, samples_per_row: int) -> Iterator[slice]:
    """Slices that cut rows into parts of about a million samples."""
    step = max(1, _BAND_SAMPLES // max(1, samples_per_row))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def stretched(samples: ImageArray, largest: int) -> ImageArray:
    """Values 0 to ``largest`` -> 0 to 255 (uint8) or, beyond 8 bits, 0 to 65535 (uint16).

    Samples are ``(H, W, C)`` or ``(H, W)``, and so is the result.

    Rounded to the nearest, in native byte order.

    Raises:
        ValueError: a sample is larger than the largest.
    """
    dtype = np.dtype(np.uint8 if largest <= 255 else np.uint16)
    full = int(np.iinfo(dtype).max)
    if largest == full:
        return samples.astype(dtype, copy=False)
    table = (
        (np.arange(largest + 1, dtype=np.uint64) * (2 * full) + largest) // (2 * largest)
    ).astype(dtype)
    result = np.empty(samples.shape, dtype)
    for part in bands(len(samples), int(np.prod(samples.shape[1:]))):
        if samples[part].max(initial=0) > largest:
            raise ValueError(f"a sample is larger than {largest}, the largest that it names")
        np.take(table, samples[part], out=result[part], mode="clip")
    return result


def looked_up(table: ImageArray, indices: ImageArray) -> ImageArray:
    """Colors ``(n, C)`` and their numbers ``(H, W)`` -> ``(H, W, C)``; numbers are below n."""
    result = np.empty((*indices.shape, table.shape[1]), table.dtype)
    for part in bands(len(indices), 4 * indices.shape[1]):
        # Four times as fast as an index that is an array.
        np.take(table, indices[part], axis=0, out=result[part], mode="clip")
    return result


def unpacked(rows: NDArray[np.uint8], bits: int) -> ImageArray:
    """Samples of 1 to 16 bits packed into bytes, the most significant bit first, row by row.

    ``(R, bytes)`` -> ``(R, samples)``; what is left of a row when no sample fits is dropped.
    """
    if bits == 8:
        return rows
    count = rows.shape[1] * 8 // bits
    result = np.empty((len(rows), count), np.uint8 if bits < 8 else np.uint16)
    for part in bands(len(rows), 8 * rows.shape[1]):
        ones = np.unpackbits(rows[part], axis=1)[:, : count * bits]
        ones = ones.reshape(len(ones), count, bits)
        values = ones[..., 0].astype(result.dtype)
        for position in range(1, bits):
            values = (values << 1) | ones[..., position]
        result[part] = values
    return result


def without_ink(cmyk: ImageArray) -> ImageArray:
    """CMYK ``(H, W, 4)`` -> RGB: what the inks leave of white, as Pillow computes it."""
    full = int(np.iinfo(cmyk.dtype).max)
    result = np.empty((*cmyk.shape[:2], 3), cmyk.dtype)
    wide = _wide(cmyk)
    for part in bands(len(cmyk), _WIDER * 4 * cmyk.shape[1]):
        left = full - cmyk[part].astype(wide)
        result[part] = (left[..., :3] * left[..., 3:] * 2 + full) // (2 * full)
    return result


def divided_by_alpha(image: ImageArray) -> ImageArray:
    """Colors that were multiplied with alpha (the last channel) -> colors, in place.

    The image is ``(H, W, C)``, uint8 or uint16.
    """
    full = int(np.iinfo(image.dtype).max)
    wide = _wide(image)
    for part in bands(len(image), _WIDER * image.shape[1] * image.shape[2]):
        alpha = image[part][..., -1:].astype(wide)
        colors = image[part][..., :-1].astype(wide) * (2 * full) + alpha
        quotient = np.minimum(colors // np.maximum(2 * alpha, 1), full)
        image[part, :, :-1] = np.where(alpha > 0, quotient, 0)
    return image


#: How much more memory than samples their products take, all in all.
_WIDER = 16


def _wide(samples: ImageArray) -> DTypeLike:
    """A type that holds the double of two samples' product."""
    return np.uint32 if samples.itemsize == 1 else np.uint64


#: Rows that are summed together stay in the caches of a processor.
_ROWS_TOGETHER = 32


def summed(rows: ImageArray, samples: int) -> ImageArray:
    """Differences to the pixel before, ``(R, W * samples)`` -> pixels, by doubled distances.

    Each pass adds what lies 1, 2, 4, ... pixels before, many values at a time; adding one pixel
    after the other waits for every sum and takes twice as long.
    """
    result = np.empty_like(rows)
    spare = np.empty((2, min(_ROWS_TOGETHER, len(rows)), rows.shape[1]), rows.dtype)
    for start in range(0, len(rows), _ROWS_TOGETHER):
        source = rows[start : start + _ROWS_TOGETHER]
        distance, use = samples, 0
        while distance < rows.shape[1]:
            target = spare[use, : len(source)]
            np.add(source[:, distance:], source[:, :-distance], out=target[:, distance:])
            target[:, :distance] = source[:, :distance]
            source, distance, use = target, 2 * distance, 1 - use
        result[start : start + len(source)] = source
    return result
