"""Padding of images to sides that a network can work with, and back."""

from __future__ import annotations

import torch
from torch import Tensor


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Mirror an image at its right and bottom edge until its sides are multiples of ``multiple``.

    The edge pixels are not repeated. Images with fewer pixels than are missing are mirrored to
    and fro; one single row or column is repeated.

    Args:
        image: ``(N, C, H, W)``; returned as it is where nothing is missing.
        multiple: what the sides of the result are divisible by.
    """
    height, width = image.shape[-2:]
    # A branch would fix the size in an exported program: there the pixels are always gathered.
    if not is_traced() and height % multiple == width % multiple == 0:
        return image
    rows = _mirrored(height, multiple, image.device)
    columns = _mirrored(width, multiple, image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def crop(image: Tensor, height: int, width: int) -> Tensor:
    """The top left ``(N, C, height, width)`` of an image, a view where no program is recorded."""
    if not is_traced():
        return image[..., :height, :width]
    # A slice makes torch.export ask whether it is the whole image, and fixes the answer.
    rows = torch.arange(height, device=image.device)
    columns = torch.arange(width, device=image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def is_traced() -> bool:
    """Whether a program is being recorded, in which sizes should stay open."""
    in_trace: bool = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]  # torch has no annotations here
    return in_trace or torch.compiler.is_compiling()


def _mirrored(size: int, multiple: int, device: torch.device) -> Tensor:
    """Pixel shown at every position: 0, 1, ..., size-1, size-2, ..., 0, 1, ...."""
    # In this form, rather than with a remainder, divisibility is evident to torch.export.
    position = torch.arange((size + multiple - 1) // multiple * multiple, device=device)
    period = 2 * (size - 1) + 1 // size  # 1 // size: a single pixel has period 1
    # A tensor, because ONNX has no remainder by a symbolic number.
    turned = position % (torch.zeros_like(position) + period)
    return (size - 1) - (turned - (size - 1)).abs()
