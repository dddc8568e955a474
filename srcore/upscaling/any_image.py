"""What programs hold images in (files, arrays, PIL images, tensors) as arrays, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from srcore.errors import SrcoreError
from srcore.images import read_image
from srcore.messages import shown

#: What images come as, and what results of them are.
AnyImage = str | Path | NDArray[Any] | torch.Tensor | Image.Image
#: PIL's modes that arrays hold as they are; of all others colors, or colors and alpha, are made.
_HELD = ("L", "LA", "RGB", "RGBA", "I;16")
_OF_NO_RANGE = ("I", "F")


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
