"""An image in tiles that are faded into each other, one row of tiles at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from srcore.inference import channels
from srcore.inference.beside import Beside, stacked
from srcore.inference.border import Continued
from srcore.inference.seams import Seams
from srcore.inference.tiling import Span, cut_axis
from srcore.inference.windowed_network import WindowedNetwork, contributing_part, contribution_place


def tiled(
    windowed: WindowedNetwork, image: Continued, tile: int, extra: Beside
) -> Iterator[Tensor]:
    """Rows ``(C, h, W)`` in [0, 1] that no later row of tiles changes any more.

    Where tiles that meet differ by more than a gray level, that is told of at the end.
    """
    is_cut = max(image.height, image.width) > tile
    overlap = windowed.overlap_for(tile) if is_cut else 0
    rows, columns = (
        cut_axis(length, tile, overlap, windowed.multiple) for length in (image.height, image.width)
    )
    scale, seams = windowed.scale, Seams()
    above: tuple[Tensor, Tensor] | None = None  # the transition from the last row, its weights
    for row in rows:
        strip = _row_of_tiles(windowed, image, row, columns, extra, seams)
        weights = row.weights(scale, strip.device)[:, None]
        done = row.stop if row.fade_out is None else row.fade_out[0]
        cut_at = scale * (done - row.kept_start)
        # A copy, so that the strip it was cut from can go.
        below = strip[:, cut_at:].clone(), weights[cut_at:]
        shared = strip[:, : 0 if above is None else above[0].shape[1]]
        if above is not None:
            seams.compare(above[0], shared)
        strip *= weights
        if above is not None:
            shared += above[0] * above[1]
        above = below
        yield strip[:, :cut_at].clamp_(0, 1)
    seams.tell_of(windowed.network)


def _row_of_tiles(
    windowed: WindowedNetwork,
    image: Continued,
    row: Span,
    columns: tuple[Span, ...],
    extra: Beside,
    seams: Seams,
) -> Tensor:
    """One row of tiles faded into each other: ``(C, rows it contributes, W)``."""
    scale = windowed.scale
    height = scale * (row.kept_stop - row.kept_start)
    colors = image.image.shape[2]
    strip = torch.zeros(colors, height, scale * image.width, device=windowed.device)
    left: Tensor | None = None
    for group in _of_equal_width(columns, windowed.batch):
        windows = [image.window(row, column) for column in group]
        inputs = [
            channels.split_channels(window, windowed.device, windowed.channels)
            for window in windows
        ]
        size, rows = (image.height, image.width), slice(row.start, row.stop)
        own = [extra.window(size, rows, slice(c.start, c.stop)) for c in group]
        counts = [len(part) for part in inputs]
        together = stacked(list(zip(own, counts, strict=True)))
        outputs = torch.split(windowed(torch.cat(inputs), together), counts)
        for column, window, output in zip(group, windows, outputs, strict=True):
            sr = contributing_part(channels.join_channels(output, window), row, column, scale)
            if left is not None:
                seams.compare(left, sr[..., : left.shape[-1]])
            left = sr[..., sr.shape[-1] - scale * column.fades_out :].clone()
            strip[..., contribution_place(column, scale)].addcmul_(
                sr, column.weights(scale, strip.device)
            )
    return strip


def _of_equal_width(columns: tuple[Span, ...], batch: int) -> Iterator[tuple[Span, ...]]:
    """Neighboring tiles of equal width, at most ``batch`` at a time."""
    group: tuple[Span, ...] = ()
    for column in columns:
        same = group and column.stop - column.start == group[0].stop - group[0].start
        if group and (not same or len(group) == batch):
            yield group
            group = ()
        group = (*group, column)
    yield group
