"""What augmentations of batches share: which entries are images, partners, and boxes in all sizes.

An augmentation changes all images of a batch alike, so that pairs stay pairs: a box covers the same
part of ``lr``, ``hr`` and whatever has the size of either, such as ``hr_sharpened``. What is no
image, such as ``index`` and what data sets add, stays with the image that it came with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np
import torch
from torch import Tensor

from srcore.errors import SrcoreError

if TYPE_CHECKING:
    from srcore.contracts import Batch

_LARGEST_SEED = 2**31 - 1


@attrs.frozen
class Box:
    """Rows and columns of an image, in units of the smallest image of the batch."""

    top: int
    left: int
    height: int
    width: int

    def of(self, factor: int) -> tuple[slice, slice]:
        """The same part of an image that is ``factor`` times as large."""
        rows = slice(self.top * factor, (self.top + self.height) * factor)
        return rows, slice(self.left * factor, (self.left + self.width) * factor)

    def size(self, factor: int) -> tuple[int, int]:
        """Its height and width there."""
        return self.height * factor, self.width * factor


@attrs.frozen
class ImagesOfPairs:
    """The images of a batch.

    Attributes:
        images: ``(N, C, H, W)`` by name: ``lr`` and ``hr``, those that are there, and what has the
            size of either.
        factors: how many times the sides of the smallest they have, by name.
        height: of the smallest.
        width: of the smallest.
    """

    images: Mapping[str, Tensor]
    factors: Mapping[str, int]
    height: int
    width: int

    def __len__(self) -> int:
        """The number of images in the batch."""
        return len(next(iter(self.images.values())))


def images_of_pairs(batch: Batch, transform: str) -> ImagesOfPairs:
    """Find the images of a batch.

    Raises:
        SrcoreError: there are none, or the sides of ``hr`` are no multiple of those of ``lr``.
    """
    main = {name: batch[name] for name in ("lr", "hr") if name in batch}
    if not main:
        raise SrcoreError(
            f"transform {transform}: needs lr or hr, but the batch holds "
            f"{', '.join(sorted(batch)) or 'nothing'}; check the dataset and the earlier transforms"
        )
    sizes = {image.shape[-2:] for image in main.values()}
    images = {
        name: value
        for name, value in batch.items()
        if isinstance(value, Tensor) and value.dim() == 4 and value.shape[-2:] in sizes
    }
    height, width = min(sizes)
    factors = {name: image.shape[-1] // width for name, image in images.items()}
    for name, image in main.items():
        if image.shape[-2:] != (height * factors[name], width * factors[name]):
            shapes = " and ".join(f"{it} of {tuple(main[it].shape)}" for it in main)
            raise SrcoreError(
                f"transform {transform}: expected images whose sides are whole multiples of one "
                f"another, found {shapes}; crop them to one size first"
            )
    return ImagesOfPairs(images, factors, height, width)


def draw_box(
    height: int, width: int, sides: tuple[float, float], generator: torch.Generator
) -> Box:
    """A box of the same shape as the image, anywhere inside it.

    Args:
        height: of the image.
        width: of the image.
        sides: least and largest fraction of the image's sides, drawn uniformly between.
        generator: of the draws.
    """
    fraction, down, right = torch.rand(3, generator=generator, device=generator.device).tolist()
    fraction = sides[0] + (sides[1] - sides[0]) * fraction
    rows, columns = (max(1, round(side * fraction)) for side in (height, width))
    top, left = int(down * (height - rows + 1)), int(right * (width - columns + 1))
    return Box(top, left, rows, columns)


def draw_partners(count: int, generator: torch.Generator) -> Tensor:
    """For every image the number of another one: a random order, turned by one.

    Numbers are ``(count,)`` int64 in 0..count-1.
    """
    order = torch.randperm(count, generator=generator, device=generator.device)
    partners = torch.empty_like(order)
    partners[order] = order.roll(1)
    return partners


def draw_share(alpha: float, count: int, generator: torch.Generator) -> Tensor:
    """Numbers ``(count,)`` in [0, 1] by Beta(alpha, alpha), on the generator's device.

    PyTorch draws them from its global generator alone; NumPy does it from a seed drawn here.
    """
    seed = torch.randint(_LARGEST_SEED, (), generator=generator, device=generator.device)
    numbers = np.random.default_rng(int(seed)).beta(alpha, alpha, count)
    return torch.from_numpy(numbers.astype(np.float32)).to(generator.device)
