"""Upscale images of any kind and size with a generator, tile by tile and band by band."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.errors import SrcoreError
from srcore.images import ImageArray, to_image
from srcore.inference import channels
from srcore.inference.backends.running import on_backend
from srcore.inference.beside import Beside, beside, draw
from srcore.inference.border import Continued
from srcore.inference.by_rows import ByRows
from srcore.inference.by_tiles import tiled
from srcore.inference.invisible import with_visible_colors
from srcore.inference.memory import choose_tile, holds_whole, read_per_kept
from srcore.inference.options import Tile, UpscaleOptions
from srcore.inference.resampling import resample_bands
from srcore.inference.self_ensemble import SelfEnsemble
from srcore.inference.streaming.verification import recording_of
from srcore.inference.tiling import Span, choose_overlap
from srcore.inference.windowed_network import WindowedNetwork
from srcore.machine.devices import device_of
from srcore.plugin.blame import naming_exits
from srcore.plugin.registry import Registry

_DEFAULT = UpscaleOptions()


@naming_exits(of_plugins_only=True)
def upscale_array(
    network: nn.Module,
    image: ImageArray,
    options: UpscaleOptions = _DEFAULT,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    progress: Callable[[int], object] | None = None,
    registry: Registry | None = None,
) -> ImageArray:
    """Upscale one array on the device of the network.

    >>> import numpy as np, srcore
    >>> network = srcore.build("network", "edsr", scale=2, num_features=8, num_blocks=1)
    >>> upscale_array(network, np.zeros((5, 7, 3), np.uint8)).shape
    (10, 14, 3)

    Args:
        network: generator, see :class:`srcore.contracts.Network`; its mode is kept.
        image: ``(H, W, C)`` or ``(H, W)``, uint8, uint16 or of floats in [0, 1]; C is 1 gray,
            2 gray + alpha, 3 RGB, 4 RGB + alpha. The range follows from the dtype. Pixels of alpha
            0 take the colors of the nearest visible one first.
        options: how the network is run.
        scale: output side / input side; differing from the network's scale, its result is
            resampled with MATLAB's bicubic kernel. None: the network's scale.
        size: height and width of the result, instead of ``scale``; the proportions may change.
        progress: called with the number of input pixels finished since the last call.
        registry: knows backends of plugins; None: the core's own.

    Returns:
        An array of the same dtype and number of dimensions and channels, ``scale`` times the
        size (rounded), or ``size``. A network of gray images makes colors gray (BT.601).

    Raises:
        SrcoreError: unsuitable image or settings, output that is not finite.
        OutOfMemoryError: not even the smallest tile fits; the original error is its cause.
    """
    _check_upscalable(image)
    canvas: ImageArray | None = None
    row = 0
    for band in upscale_bands(
        network,
        image,
        options,
        scale=scale,
        size=size,
        progress=progress,
        registry=registry,
    ):
        if canvas is None:
            height, width = size or output_size(image, _declared_scale(network), scale)
            canvas = np.empty((height, width, *band.shape[2:]), image.dtype)
        canvas[row : row + len(band)] = band
        row += len(band)
    assert canvas is not None
    return canvas if image.ndim == 3 else canvas[..., 0]


def output_size(
    image: ImageArray, network_scale: int, scale: float | None = None
) -> tuple[int, int]:
    """Height and width of an upscaled image.

    The image is ``(H, W, C)``; its values do not matter. ``scale`` is the one that is asked for.
    """
    factor = network_scale if scale is None else scale
    height, width = (max(1, int(side * factor + 0.5)) for side in image.shape[:2])
    return height, width


def upscale_bands(
    network: nn.Module,
    image: ImageArray,
    options: UpscaleOptions = _DEFAULT,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    progress: Callable[[int], object] | None = None,
    registry: Registry | None = None,
) -> Iterator[ImageArray]:
    """Like :func:`upscale_array`, but yield bands of rows ``(h, W, C)``, top to bottom.

    Besides the input only one band or row of tiles is in memory, whatever the size of the result.

    Raises:
        SrcoreError: what :func:`upscale_array` refuses, once the first band is asked for.
    """
    _check_upscalable(image)
    if scale is not None and not 0 < scale < math.inf:
        raise SrcoreError(f"scale: expected a factor > 0 and finite, found {scale}")
    if size is not None and (scale is not None or not all(_is_whole_number(n, 1) for n in size)):
        raise SrcoreError(f"size: expected pixels > 0 and no scale, found {size}, {scale}")
    image = channels.shown_to(network, image if image.ndim == 3 else image[..., None])
    image = with_visible_colors(image)
    continued = Continued(image, options.border)
    own = _declared_scale(network)
    was_training = network.training
    network.eval()
    try:
        runs, options = on_backend(
            network,
            continued,
            options,
            registry,
            lambda candidate: _work_per_pixel(candidate, continued, options),
        )
        extra = _beside_whole(runs, continued, options.seed)
        bands = _upscaled_rows(runs, continued, options, extra, progress or _ignore)
        made = (own * image.shape[0], own * image.shape[1])
        wanted = size or output_size(image, own, scale)
        if wanted != made:
            bands = resample_bands(bands, made, wanted)
        for band in bands:
            yield to_image(band, image.dtype)
    finally:
        network.train(was_training)


def _is_whole_number(number: object, least: int) -> bool:
    """Whether it is a whole number (NumPy's, too) and no less; a caller may give anything."""
    return isinstance(number, numbers.Integral) and int(number) >= least


def _beside_whole(network: nn.Module, image: Continued, seed: int) -> Beside:
    """What the network sees beside the whole image; the image itself only where it is asked for."""
    size = (image.height, image.width)
    if capability("network", network, "condition") is None:
        return Beside(draw(network, size, seed))
    whole = image.window(Span(0, size[0]), Span(0, size[1]))
    return beside(
        network, channels.split_channels(whole, device_of(network), _seen(network))[:1], seed
    )


def _upscaled_rows(
    network: nn.Module,
    image: Continued,
    options: UpscaleOptions,
    extra: Beside,
    progress: Callable[[int], object],
) -> Iterator[Tensor]:
    """Rows ``(C, h, W)`` of the enlarged image: by rows where that is possible, else in tiles."""
    scale = _declared_scale(network)
    run = SelfEnsemble(network) if options.self_ensemble else network
    if options.overlap == "auto" and not extra.keywords:
        rows = ByRows.of(run, image, _area(options.tile, network, image))
        if rows is not None:
            yield from image.cut_away(rows.upscaled(options.precision, progress), scale)
            return
    overlap_for = cache(lambda tile: choose_overlap(options.overlap, tile, network))
    windowed = WindowedNetwork(run, options.precision, options.batch, overlap_for)
    side = _side_to_use(options.tile, network, image, overlap_for)
    bands = image.cut_away(tiled(windowed, image, side, extra), scale)
    yield from _tell_progress(bands, progress, image.image.shape[1], scale)


def _work_per_pixel(network: nn.Module, image: Continued, options: UpscaleOptions) -> float:
    """Pixels that a network computes for each one of an image; more where it is cut into tiles."""
    overlap_for = cache(lambda tile: choose_overlap(options.overlap, tile, network))
    side = _side_to_use(options.tile, network, image, overlap_for)
    is_whole = side >= max(image.height, image.width)
    if is_whole or (options.overlap == "auto" and recording_of(network) is not None):
        return 1
    return read_per_kept(side, overlap_for(side))


def _tell_progress(
    bands: Iterator[Tensor], progress: Callable[[int], object], width: int, scale: int
) -> Iterator[Tensor]:
    """The bands; tells the input pixels of each when the next one is asked for."""
    for band in bands:
        yield band
        progress(band.shape[1] // scale * width)


def _area(tile: Tile, network: nn.Module, image: Continued) -> int | None:
    """Pixels of a tile that needs no context; None where the image is one, and memory holds it."""
    size = (image.height, image.width)
    side = _side_to_use(tile, network, image, lambda tile: 0)
    if side >= max(size) and not holds_whole(network, size):
        side = choose_tile(network, size, lambda tile: 0)
    return side**2 if side < max(size) else None


def _side_to_use(
    tile: Tile, network: nn.Module, image: Continued, overlap_for: Callable[[int], int]
) -> int:
    size = (image.height, image.width)
    if tile is None:
        return max(size)
    return choose_tile(network, size, overlap_for) if tile == "auto" else tile


def _seen(network: nn.Module) -> int:
    return int(capability("network", network, "in_channels"))


def _declared_scale(network: nn.Module) -> int:
    scale: object = capability("network", network, "scale")
    if not isinstance(scale, int):
        raise SrcoreError(
            f"{type(network).__name__} has no attribute scale; set it to the network's integer "
            "factor between output and input sides"
        )
    return scale


def _check_upscalable(image: ImageArray) -> None:
    is_float = np.issubdtype(image.dtype, np.floating)
    if (
        (image.dtype not in (np.uint8, np.uint16) and not is_float)
        or image.ndim not in (2, 3)
        or not image.size
        or image.shape[2:] not in ((), (1,), (2,), (3,), (4,))
    ):
        raise SrcoreError(
            "image: expected uint8, uint16 or floats, (H, W) or (H, W, C) with 1 to 4 channels, "
            f"found {image.dtype} {image.shape}"
        )
    if is_float and not (image.min() >= 0 and image.max() <= 1):  # not so of NaN, too
        raise SrcoreError(
            f"image: expected floats in [0, 1], found {image.min():g} to {image.max():g}"
        )


def _ignore(pixels: int) -> None:
    pass
