"""An image in tiles that are faded into each other, one row of tiles at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from srcore.inference import channels
from srcore.inference.beside import Beside, stacked
from srcore.inference.border import Continued
from srcore.inference.tile_runner import TileRunner, inner, kept
from srcore.inference.tiling import Span, cut


def tiled(runner: TileRunner, image: Continued, tile: int, extra: Beside) -> Iterator[Tensor]:
    """Rows ``(C, h, W)`` in [0, 1] that no later row of tiles changes any more."""
    is_cut = max(image.height, image.width) > tile
    overlap = runner.overlap_for(tile) if is_cut else 0
    rows, columns = (
        cut(length, tile, overlap, runner.multiple) for length in (image.height, image.width)
    )
    scale = runner.scale
    carried: Tensor | None = None
    for row in rows:
        strip = _row_of_tiles(runner, image, row, columns, extra)
        strip *= row.weights(scale, strip.device)[:, None]
        if carried is not None:
            strip[:, : carried.shape[1]] += carried
        done = row.stop if row.fade_out is None else row.fade_out[0]
        cut_at = scale * (done - row.kept_start)
        # A copy, so that the strip it was cut from can go.
        carried = strip[:, cut_at:].clone()
        yield strip[:, :cut_at].clamp_(0, 1)


def _row_of_tiles(
    runner: TileRunner, image: Continued, row: Span, columns: tuple[Span, ...], extra: Beside
) -> Tensor:
    """One row of tiles faded into each other: ``(C, rows it contributes, W)``."""
    scale = runner.scale
    height = scale * (row.kept_stop - row.kept_start)
    colours = image.image.shape[2]
    strip = torch.zeros(colours, height, scale * image.width, device=runner.device)
    for group in _equal(columns, runner.batch):
        windows = [image.window(row, column) for column in group]
        inputs = [channels.split(window, runner.device, runner.channels) for window in windows]
        size, rows = (image.height, image.width), slice(row.start, row.stop)
        own = [extra.window(size, rows, slice(c.start, c.stop)) for c in group]
        counts = [len(part) for part in inputs]
        together = stacked(list(zip(own, counts, strict=True)))
        outputs = torch.split(runner(torch.cat(inputs), together), counts)
        for column, window, output in zip(group, windows, outputs, strict=True):
            sr = inner(channels.join(output, window), row, column, scale)
            strip[..., kept(column, scale)].addcmul_(sr, column.weights(scale, strip.device))
    return strip


def _equal(columns: tuple[Span, ...], batch: int) -> Iterator[tuple[Span, ...]]:
    """Neighbouring tiles of equal width, at most ``batch`` at a time."""
    group: tuple[Span, ...] = ()
    for column in columns:
        same = group and column.stop - column.start == group[0].stop - group[0].start
        if group and (not same or len(group) == batch):
            yield group
            group = ()
        group = (*group, column)
    yield group
