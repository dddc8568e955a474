"""Enlarge what programs hold images in: files, arrays, PIL images, tensors; results are alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from srcore.errors import SrcoreError
from srcore.images import read_image
from srcore.inference.options import Overlap, Tile, UpscaleOptions
from srcore.inference.upscaler import upscale_array
from srcore.machine.device_names import UsePrecision
from srcore.machine.devices import pick_device
from srcore.messages import shown
from srcore.models.resolving import weights_file
from srcore.plugin.blame import naming_exits
from srcore.plugin.manager import plugins
from srcore.plugin.registry import Registry
from srcore.upscaling.sizing import renamed_scale
from srcore.weights.containers import read_checkpoint
from srcore.weights.loading import build_generator

#: What images come as, and what results of them are.
AnyImage = str | Path | NDArray[Any] | torch.Tensor | Image.Image
_DEFAULT = UpscaleOptions()
#: PIL's modes that arrays hold as they are; of all others colors, or colors and alpha, are made.
_HELD = ("L", "LA", "RGB", "RGBA", "I;16")
_OF_NO_RANGE = ("I", "F")


@naming_exits(of_plugins_only=True)
def upscale(
    network: nn.Module | str | Path,
    image: AnyImage,
    *,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    device: str = "auto",
    tile: Tile = _DEFAULT.tile,
    overlap: Overlap = _DEFAULT.overlap,
    border: int = _DEFAULT.border,
    batch: int = _DEFAULT.batch,
    precision: UsePrecision = _DEFAULT.precision,
    backend: str = _DEFAULT.backend,
    calibration: Path | None = _DEFAULT.calibration,
    self_ensemble: bool = _DEFAULT.self_ensemble,
    seed: int = _DEFAULT.seed,
    progress: Callable[[int], object] | None = None,
    registry: Registry | None = None,
    outscale: float | None = None,
) -> Any:
    """Upscale an image; the words and defaults are those of ``srcore upscale``.

    >>> import numpy as np, srcore
    >>> srcore.upscale("x2", np.zeros((5, 7, 3), np.uint8)).shape
    (10, 14, 3)
    >>> srcore.upscale("x4", np.zeros((5, 7)), scale=3).shape
    (15, 21)

    Args:
        network: a generator (:class:`srcore.contracts.Network`), which works where it is and whose
            mode is kept; or its weights as :func:`srcore.load_generator` takes them: ``"x2"`` and
            ``"x4"`` come with srcore.
        image: the path of an image file; an array ``(H, W, C)`` or ``(H, W)``, uint8, uint16, or of
            floats in [0, 1], where C is 1 gray, 2 gray + alpha, 3 RGB, 4 RGB + alpha; a tensor
            ``(N, C, H, W)``, ``(C, H, W)`` or ``(H, W)`` of the same; a PIL image. Pixels of alpha
            0 take the colors of the nearest visible one first.
        scale: output side / input side; differing from the network's scale, its result is resampled
            with MATLAB's bicubic kernel. None: the network's scale.
        size: height and width of the result, instead of ``scale``; the proportions may change.
        device: where a network goes that is named by its weights: ``"cpu"``, ``"cuda"``,
            ``"cuda:N"``, ``"mps"``, or ``"auto"``, the first of cuda, mps, cpu that is there.
        tile: low-resolution pixels per side that a tile contributes; ``"auto"`` chooses by the
            free memory; None runs the whole image at once. If memory runs out, smaller tiles are
            tried. Networks of convolutions take bands of as many pixels instead, and where memory
            does not hold the whole, bands that make the same.
        overlap: context in low-resolution pixels on either side of a seam; ``"auto"``: none for
            networks that are computed by rows (:mod:`srcore.inference.streaming`), else see
            :func:`srcore.inference.tiling.choose_overlap`.
        border: low-resolution pixels by which the image is continued (mirrored) beyond its edges
            while the network runs; with 0 networks see their own zeros there, as in the papers'
            measurements.
        batch: number of equal tiles that run together.
        precision: what the network computes in; ``"bfloat16"`` and ``"float16"`` by autocast,
            ``"int8"`` by a backend that has it.
        backend: what computes the network: ``"torch"``, ``"compile"``, ``"onnxruntime"``,
            ``"openvino"``, ``"ncnn"``, or ``"auto"``, the fastest of those that are quickly ready;
            compared with PyTorch on a part of the first image.
        calibration: folder of images by which the steps of ``"int8"`` are chosen.
        self_ensemble: average over eight flipped and turned inputs, at eight times the cost.
        seed: of what a sampling network draws; equal seeds give equal pictures, in tiles or whole.
        progress: called with the number of input pixels finished since the last call.
        registry: knows backends of plugins; None: that of all installed plugins where weights are
            named, else the core's own.
        outscale: what ``scale`` was called; it goes away in the next minor version.

    Returns:
        The enlarged image as the given one was: an array of its dtype and dimensions, a tensor of
        its dtype, dimensions and device, a PIL image (of RGB or RGBA for palettes and other
        colors); an array for a file. A network of gray images makes colors gray (BT.601).

    Raises:
        SrcoreError: unsuitable image or settings, weights that cannot be had, output that is not
            finite.
        OutOfMemoryError: not even the smallest tile fits; the original error is its cause.
    """
    scale = renamed_scale(scale, outscale)
    given = as_arrays(image)
    if not isinstance(network, nn.Module):
        registry = registry or plugins().registry
        file = weights_file(network, registry)
        network = build_generator(read_checkpoint(file), registry, pick_device(device))
    results = [
        upscale_array(
            network,
            array,
            outscale=scale,
            size=size,
            tile=tile,
            overlap=overlap,
            border=border,
            batch=batch,
            precision=precision,
            backend=backend,
            calibration=calibration,
            self_ensemble=self_ensemble,
            seed=seed,
            progress=progress,
            registry=registry,
        )
        for array in given.arrays
    ]
    return given.back(results)


@attrs.frozen
class Held:
    """Images as arrays, and how to make of results what the images came as.

    Attributes:
        arrays: ``(H, W, C)`` or ``(H, W)`` each; one but for batches.
        back: makes the results.
    """

    arrays: list[NDArray[Any]]
    back: Callable[[list[NDArray[Any]]], Any]


def as_arrays(image: Any) -> Held:
    """What was given, as arrays.

    Args:
        image: a file, an array, a PIL image or a tensor.

    Raises:
        SrcoreError: it is none of these, or of a kind without a known range.
    """
    if isinstance(image, (str, Path)):
        return Held([read_image(Path(image))], _the_only_one)
    if isinstance(image, torch.Tensor):
        return _held_tensor(image)
    if isinstance(image, Image.Image):
        return _held_pil(image)
    if isinstance(image, np.ndarray):
        # PyTorch does not read from what may not be written to.
        return Held([image if image.flags.writeable else image.copy()], _the_only_one)
    raise SrcoreError(
        "image: expected the path of a file, an array, a tensor or a PIL image, found "
        f"{type(image).__name__}"
    )


def _the_only_one(results: list[NDArray[Any]]) -> NDArray[Any]:
    return results[0]


def _held_tensor(tensor: torch.Tensor) -> Held:
    if tensor.dim() not in (2, 3, 4) or tensor.is_complex():
        raise SrcoreError(
            "image: expected a tensor (N, C, H, W), (C, H, W) or (H, W), found "
            f"{tensor.dtype} {tuple(tensor.shape)}"
        )
    source = tensor.detach()
    # NumPy has no bfloat16; networks compute in float32 at least where no precision is asked for.
    numbers = source.float() if source.dtype == torch.bfloat16 else source
    images = numbers.cpu()[None] if tensor.dim() < 4 else numbers.cpu()
    arrays = [(it if tensor.dim() == 2 else it.permute(1, 2, 0)).numpy() for it in images]

    def back(results: list[NDArray[Any]]) -> torch.Tensor:
        made = [torch.from_numpy(np.ascontiguousarray(result)) for result in results]
        made = [it if tensor.dim() == 2 else it.permute(2, 0, 1).contiguous() for it in made]
        stacked = torch.stack(made) if tensor.dim() == 4 else made[0]
        return stacked.to(tensor.device, tensor.dtype)

    return Held(arrays, back)


def _held_pil(image: Image.Image) -> Held:
    mode = "I;16" if image.mode.startswith("I;16") else image.mode
    if mode in _OF_NO_RANGE:
        raise SrcoreError(
            f"image: a PIL image of mode {shown(mode)} does not say which value is white; give an "
            "array of uint16, or of floats in [0, 1]"
        )
    if mode not in _HELD:
        has_alpha = image.has_transparency_data
        is_gray = mode in ("1", "La")
        mode = ("LA" if has_alpha else "L") if is_gray else ("RGBA" if has_alpha else "RGB")
        image = image.convert(mode)
    array = np.array(image, np.uint16 if mode == "I;16" else np.uint8)

    def back(results: list[NDArray[Any]]) -> Image.Image:
        # A network of gray images made them of the colors.
        result = results[0]
        return Image.fromarray(cast(Any, result[..., 0] if result.shape[2:] == (1,) else result))

    return Held([array], back)
