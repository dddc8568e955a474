"""Upscale images of any kind and size with a generator, tile by tile and band by band."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.errors import SrcoreError
from srcore.images import to_image
from srcore.inference import channels
from srcore.inference.beside import Beside, beside, draw, stacked
from srcore.inference.border import Continued
from srcore.inference.invisible import with_visible_colours
from srcore.inference.memory import choose_tile
from srcore.inference.options import Overlap, Tile, UpscaleOptions
from srcore.inference.resampling import resample_bands
from srcore.inference.self_ensemble import SelfEnsemble
from srcore.inference.tile_runner import TileRunner, inner, kept
from srcore.inference.tiling import Span, choose_overlap, cut
from srcore.machine.device_names import Precision
from srcore.machine.devices import device_of
from srcore.plugin.blame import naming_exits

ImageArray = NDArray[Any]
_DEFAULT = UpscaleOptions()


@naming_exits(of_plugins_only=True)
def upscale(
    network: nn.Module,
    image: ImageArray,
    *,
    tile: Tile = _DEFAULT.tile,
    overlap: Overlap = _DEFAULT.overlap,
    border: int = _DEFAULT.border,
    batch: int = _DEFAULT.batch,
    precision: Precision = _DEFAULT.precision,
    self_ensemble: bool = _DEFAULT.self_ensemble,
    outscale: float | None = None,
    size: tuple[int, int] | None = None,
    seed: int = _DEFAULT.seed,
    progress: Callable[[int], object] | None = None,
) -> ImageArray:
    """Upscale one image on the device of the network.

    >>> import numpy as np, srcore
    >>> network = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1)
    >>> srcore.upscale(network, np.zeros((5, 7, 3), np.uint8)).shape
    (10, 14, 3)

    Args:
        network: generator, see :class:`srcore.contracts.Network`; its mode is kept.
        image: ``(H, W, C)`` or ``(H, W)``, uint8 or uint16; C is 1 gray, 2 gray + alpha, 3 RGB,
            4 RGB + alpha. The range follows from the dtype. Pixels of alpha 0 take the colours of
            the nearest visible one first.
        tile: low-resolution pixels per side that a tile contributes; ``"auto"`` chooses by the
            free memory; None runs the whole image at once. If memory runs out, smaller tiles are
            tried.
        overlap: context in low-resolution pixels on either side of a seam; ``"auto"``: see
            :func:`srcore.inference.tiling.choose_overlap`.
        border: low-resolution pixels by which the image is continued (mirrored) beyond its edges
            while the network runs; with 0 networks see their own zeros there, as in the papers'
            measurements.
        batch: number of equal tiles that run together.
        precision: what the network computes in; ``"bfloat16"`` and ``"float16"`` by autocast.
        self_ensemble: average over eight flipped and turned inputs, at eight times the cost.
        outscale: output side / input side; differing from the network's scale, its result is
            resampled with MATLAB's bicubic kernel. None: the network's scale.
        size: height and width of the result, instead of ``outscale``; the proportions may change.
        seed: of what a sampling network draws; equal seeds give equal pictures, in tiles or whole.
        progress: called with the number of input pixels finished since the last call.

    Returns:
        An array of the same dtype and number of dimensions and channels, ``outscale`` times the
        size (rounded), or ``size``. A network of gray images makes colours gray (BT.601).

    Raises:
        SrcoreError: unsuitable image or settings, output that is not finite.
        OutOfMemoryError: not even the smallest tile fits; the original error is its cause.
    """
    _check_image(image)
    canvas: ImageArray | None = None
    row = 0
    options = UpscaleOptions(
        tile=tile,
        overlap=overlap,
        border=border,
        batch=batch,
        precision=precision,
        self_ensemble=self_ensemble,
        seed=seed,
    )
    for band in upscale_bands(
        network, image, options, outscale=outscale, size=size, progress=progress
    ):
        if canvas is None:
            height, width = size or output_size(image, _scale(network), outscale)
            canvas = np.empty((height, width, *band.shape[2:]), image.dtype)
        canvas[row : row + len(band)] = band
        row += len(band)
    assert canvas is not None
    return canvas if image.ndim == 3 else canvas[..., 0]


def output_size(image: ImageArray, scale: int, outscale: float | None = None) -> tuple[int, int]:
    """Height and width of an upscaled image."""
    factor = scale if outscale is None else outscale
    height, width = (max(1, int(side * factor + 0.5)) for side in image.shape[:2])
    return height, width


def upscale_bands(
    network: nn.Module,
    image: ImageArray,
    options: UpscaleOptions = _DEFAULT,
    *,
    outscale: float | None = None,
    size: tuple[int, int] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Iterator[ImageArray]:
    """Like :func:`upscale`, but yield the result in bands of rows ``(h, W, C)``, top to bottom.

    Besides the input only one row of tiles is in memory, whatever the size of the result.
    """
    _check_image(image)
    if outscale is not None and not 0 < outscale < math.inf:
        raise SrcoreError(f"outscale: expected a factor > 0 and finite, found {outscale}")
    if size is not None and (outscale is not None or not all(_is_whole(n, 1) for n in size)):
        raise SrcoreError(f"size: expected pixels > 0 and no outscale, found {size}, {outscale}")
    image = channels.shown_to(network, image if image.ndim == 3 else image[..., None])
    image = with_visible_colours(image)
    continued = Continued(image, options.border)
    scale = _scale(network)
    was_training = network.training
    network.eval()
    try:
        overlap_for = cache(lambda tile: choose_overlap(options.overlap, tile, network))
        side = _side(options.tile, network, continued, overlap_for)
        runner = TileRunner(
            SelfEnsemble(network) if options.self_ensemble else network,
            options.precision,
            options.batch,
            overlap_for,
        )
        extra = _beside(network, continued, options.seed)
        bands = continued.cut_away(_sr_bands(runner, continued, side, extra), scale)
        bands = _counted(bands, progress or _ignore, image.shape[1], scale)
        made = (scale * image.shape[0], scale * image.shape[1])
        wanted = size or output_size(image, scale, outscale)
        if wanted != made:
            bands = resample_bands(bands, made, wanted)
        for band in bands:
            yield to_image(band, image.dtype)
    finally:
        network.train(was_training)


def _is_whole(number: object, least: int) -> bool:
    """Whether it is a whole number (NumPy's, too) and no less; a caller may give anything."""
    return isinstance(number, numbers.Integral) and int(number) >= least


def _beside(network: nn.Module, image: Continued, seed: int) -> Beside:
    """What the network sees beside the whole image; the image itself only where it is asked for."""
    size = (image.height, image.width)
    if capability("network", network, "condition") is None:
        return Beside(draw(network, size, seed))
    whole = image.window(Span(0, size[0]), Span(0, size[1]))
    return beside(network, channels.split(whole, device_of(network), _seen(network))[:1], seed)


def _sr_bands(runner: TileRunner, image: Continued, tile: int, extra: Beside) -> Iterator[Tensor]:
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


def _counted(
    bands: Iterator[Tensor], progress: Callable[[int], object], width: int, scale: int
) -> Iterator[Tensor]:
    """The bands; tells the input pixels of each when the next one is asked for."""
    for band in bands:
        yield band
        progress(band.shape[1] // scale * width)


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


def _side(
    tile: Tile, network: nn.Module, image: Continued, overlap_for: Callable[[int], int]
) -> int:
    size = (image.height, image.width)
    if tile is None:
        return max(size)
    return choose_tile(network, size, overlap_for) if tile == "auto" else tile


def _seen(network: nn.Module) -> int:
    return int(capability("network", network, "in_channels"))


def _scale(network: nn.Module) -> int:
    scale: object = capability("network", network, "scale")
    if not isinstance(scale, int):
        raise SrcoreError(
            f"{type(network).__name__} has no attribute scale; set it to the network's integer "
            "factor between output and input sides"
        )
    return scale


def _check_image(image: ImageArray) -> None:
    if (
        image.dtype not in (np.uint8, np.uint16)
        or image.ndim not in (2, 3)
        or not image.size
        or image.shape[2:] not in ((), (1,), (2,), (3,), (4,))
    ):
        raise SrcoreError(
            "image: expected uint8 or uint16 (H, W) or (H, W, C) with 1 to 4 channels, found "
            f"{image.dtype} {image.shape}"
        )


def _ignore(pixels: int) -> None:
    pass
