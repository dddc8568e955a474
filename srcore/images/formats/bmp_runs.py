"""Runs of equal pixels in BMP (RLE8, RLE4), after Microsoft's description."""

from __future__ import annotations

from srcore.images.format import Where, truncated

_END_OF_ROW, _END, _MOVE = 0, 1, 2


def unrolled(code: bytes, width: int, height: int, bits: int, where: Where) -> bytearray:  # noqa: C901 - a branch for each code
    """Numbers of colors, row after row in the order of the file; 0 where rows end early.

    Raises:
        DataError: it ends before its end is marked, or all pixels are there.
    """
    result = bytearray(width * height)
    place = x = y = 0
    while y < height:
        if place + 2 > len(code):
            if y == height - 1 and x >= width:
                break
            raise truncated(where)
        count, value = code[place], code[place + 1]
        place += 2
        if count:
            pixels = bytes([value]) * count if bits == 8 else _alternating(value, count)
        elif value == _END_OF_ROW:
            x, y = 0, y + 1
            continue
        elif value == _END:
            break
        elif value == _MOVE:
            if place + 2 > len(code):
                raise truncated(where)
            x, y = x + code[place], y + code[place + 1]
            place += 2
            continue
        else:
            count = value
            size = count if bits == 8 else (count + 1) // 2
            pixels = code[place : place + size]
            if len(pixels) < size:
                raise truncated(where)
            place += size + size % 2
            if bits == 4:
                pixels = bytes(half for byte in pixels for half in (byte >> 4, byte & 15))
        end = min(x + count, width)
        if x < end:
            result[y * width + x : y * width + end] = pixels[: end - x]
        x += count
    return result


def _alternating(value: int, count: int) -> bytes:
    return (bytes([value >> 4, value & 15]) * ((count + 1) // 2))[:count]
