"""What all degradations do alike: every image has its draws, whether it is changed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from srcore.transforms.batch import happens, image_of

if TYPE_CHECKING:
    from srcore.contracts import Batch
    from srplug_degradations.options import DegradationOptions


class ImageDegradation:
    """A transform that changes some images of one tensor of the batch.

    Attributes:
        name: of the transform.
        options_class: its keys.
    """

    name = ""
    options_class: type[DegradationOptions]

    def __init__(self, *, scale: int, **keys: Any) -> None:
        self.options: Any = self.options_class(**keys)

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change the images that chance chooses; values are then multiples of 1/255."""
        image = image_of(batch, self.options.image, self.name)
        chosen = happens(self.options.probability, len(image), generator).to(image.device)
        changed = self.degraded(image.clamp(0, 1), generator)
        changed = ((changed * 255).round() / 255).clamp(0, 1).to(image.dtype)
        whole = torch.where(chosen[:, None, None, None], changed, image)
        return batch | {self.options.image: whole}

    def degraded(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """All images ``(N, C, H, W)`` in [0, 1], changed; the result need not be clamped."""
        raise NotImplementedError


def per_image(values: Tensor, image: Tensor) -> Tensor:
    """Numbers ``(N,)`` so that they multiply images."""
    return values.to(image.device, image.dtype)[:, None, None, None]


def draw_numbers(count: int, number: int, generator: torch.Generator) -> list[int]:
    """``count`` times one of so many, all equally likely."""
    drawn: list[int] = torch.randint(
        number, (count,), generator=generator, device=generator.device
    ).tolist()
    return drawn
