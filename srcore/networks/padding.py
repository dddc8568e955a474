"""Padding of images to sides that a network can work with, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

import torch
from torch import Tensor

from srcore.errors import WeightsError

_fitting_only = ContextVar("_fitting_only", default=False)


@contextmanager
def for_fitting_images() -> Iterator[None]:
    """Record programs that take images as large as a network needs them, and never pad.

    ncnn has no layer that pads by what depends on the size. Within, :func:`pad_to_multiple` does
    nothing for networks that pad only what is smaller than their minimum.
    """
    token = _fitting_only.set(True)
    try:
        yield
    finally:
        _fitting_only.reset(token)


def pad_to_multiple(
    image: Tensor, multiple: int, *, minimum: int = 1, square: bool = False
) -> Tensor:
    """Mirror an image at its right and bottom edge until its sides are multiples of ``multiple``.

    The edge pixels are not repeated. Images with fewer pixels than are missing are mirrored to
    and fro; one single row or column is repeated.

    Args:
        image: ``(N, C, H, W)``; returned as it is where nothing is missing.
        multiple: what the sides of the result are divisible by.
        minimum: the smallest side of the result.
        square: both sides become the longer one.

    Raises:
        WeightsError: within :func:`for_fitting_images`, for other multiples than 1.
    """
    if _fitting_only.get():
        if multiple > 1 or square:
            raise WeightsError(
                f"it pads images to multiples of {multiple}; there is no layer for it"
            )
        return image
    height, width = image.shape[-2:]
    wanted = [_up_to_multiple(side, multiple) for side in (height, width)]
    if minimum > multiple:
        wanted = [_larger(side, _up_to_multiple(minimum, multiple)) for side in wanted]
    if square:
        wanted = [_larger(*wanted)] * 2
    # A branch would fix the size in an exported program: there the pixels are always gathered.
    if not is_traced() and wanted == [height, width]:
        return image
    rows = _mirrored_positions(height, wanted[0], image.device)
    columns = _mirrored_positions(width, wanted[1], image.device)
    return image.index_select(-2, rows).index_select(-1, columns)


def crop(image: Tensor, height: int, width: int) -> Tensor:
    """The top left ``(N, C, height, width)`` of an image, a view where no program is recorded."""
    if _fitting_only.get():
        return image
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


def _up_to_multiple(size: int, multiple: int) -> int:
    # In this form, rather than with a remainder, divisibility is evident to torch.export.
    return (size + multiple - 1) // multiple * multiple


def _larger(first: int, second: int) -> int:
    # max() would decide for the size at hand, and fix it in an exported program.
    if isinstance(first, Tensor) or isinstance(second, Tensor):  # sizes in torch.jit.trace
        return cast("int", torch.maximum(torch.as_tensor(first), torch.as_tensor(second)))
    return max(first, second) if not is_traced() else cast("int", torch.sym_max(first, second))


def _mirrored_positions(size: int, wanted: int, device: torch.device) -> Tensor:
    """Pixel shown at every position: 0, 1, ..., size-1, size-2, ..., 0, 1, ...."""
    position = torch.arange(wanted, device=device)
    period = 2 * (size - 1) + 1 // size  # 1 // size: a single pixel has period 1
    # A tensor, because ONNX has no remainder by a symbolic number.
    turned = position % (torch.zeros_like(position) + period)
    return (size - 1) - (turned - (size - 1)).abs()
