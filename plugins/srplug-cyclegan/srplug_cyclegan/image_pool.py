"""Earlier images that a discriminator is shown again."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from srcore.errors import SrcoreError


class ImagePool:
    """The history of Shrivastava et al. (CVPR 2017), as CycleGAN has it (section 4).

    While it fills, images are stored and pass through. Once full, every image is by one half what
    is shown, and by the other half takes the place of a stored one of its size that is.

    Args:
        size: how many images are stored; 0: all pass through.

    >>> pool, generator = ImagePool(1), torch.Generator().manual_seed(2)
    >>> [float(pool(torch.full((1, 3, 2, 2), i), generator).mean()) for i in (0.0, 1.0, 2.0, 3.0)]
    [0.0, 0.0, 1.0, 2.0]
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.images: list[Tensor] = []

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Exchange images ``(N, C, H, W)``, without graph.

        Args:
            images: what was just made.
            generator: draws; on the device of the images.
        """
        if self.size == 0:
            return images.detach()
        return torch.stack([self._exchanged(image, generator) for image in images.detach()])

    def _exchanged(self, image: Tensor, generator: torch.Generator) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(image.clone())
            return image
        chance = torch.rand((), generator=generator, device=generator.device)
        drawn = torch.randint(self.size, (), generator=generator, device=generator.device)
        earlier = self.images[int(drawn)]
        if float(chance) < 0.5 or earlier.shape != image.shape:
            return image
        self.images[int(drawn)] = image.clone()
        return earlier

    def state_dict(self) -> dict[str, Any]:
        """The stored images, in their order."""
        return {"images": list(self.images)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back.

        Raises:
            SrcoreError: they are more than fit.
        """
        images = state["images"]
        if len(images) > self.size:
            raise SrcoreError(f"expected at most {self.size} stored images, found {len(images)}")
        self.images = list(images)
