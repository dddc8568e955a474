"""How fast a job was, in words."""

from __future__ import annotations


def rates_in_words(images: int, pixels: int, seconds: float) -> str:
    """Time and throughput.

    >>> rates_in_words(2000, 80_000_000, 40.0)
    '40.0 s, 50.0 images/s, 2.00 megapixels/s of results'

    Args:
        images: results that were made.
        pixels: of them.
        seconds: that it took; above 0.
    """
    return (
        f"{seconds:.1f} s, {images / seconds:.1f} images/s, "
        f"{pixels / seconds / 1e6:.2f} megapixels/s of results"
    )
