"""Looking up what a loss compares, with errors that say what is missing."""

from __future__ import annotations

from torch import Tensor

from srcore.contracts import LossContext
from srcore.errors import SrcoreError


def batch_entry(context: LossContext, name: str, loss: str) -> Tensor:
    """The batch's tensor ``name``.

    Images are ``(N, C, H, W)`` in [0, 1]; what else a batch holds is ``(N, ...)``.

    Raises:
        SrcoreError: neither the data nor a transform provides it.
    """
    try:
        return context.batch[name]
    except KeyError:
        raise SrcoreError(
            f'loss "{loss}" needs the batch entry "{name}"; the batch holds '
            f"{', '.join(sorted(context.batch))}; add the transform that makes it"
        ) from None


def same_size_entry(context: LossContext, name: str, loss: str) -> Tensor:
    """The batch's tensor ``name``, which must have the shape of ``context.sr``.

    It is ``(N, C, H, W)`` in [0, 1].

    Raises:
        SrcoreError: it is missing or of another shape.
    """
    entry = batch_entry(context, name, loss)
    if entry.shape != context.sr.shape:
        raise SrcoreError(
            f'loss "{loss}": the batch entry "{name}" has shape {tuple(entry.shape)}; expected '
            f"{tuple(context.sr.shape)} as the generator's output; check scale and crop sizes"
        )
    return entry


def require_side(images: Tensor, least: int, loss: str) -> None:
    """Refuse images ``(N, C, H, W)`` with a side below ``least`` pixels.

    Raises:
        SrcoreError: names the loss and both sizes.
    """
    height, width = images.shape[-2:]
    if min(height, width) < least:
        raise SrcoreError(
            f'loss "{loss}" needs images of {least} pixels per side or more, found '
            f"{width}x{height}; train on larger crops"
        )
