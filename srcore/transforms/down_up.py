"""Images shrunk and enlarged again: their finest detail is lost, their size stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from srcore.transforms.batch import happens, image_of, uniform
from srcore.transforms.options import DownUpOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch


class DownUp:
    """Transform ``down_up``: images shrunk by a random factor and enlarged to their size again.

    By interpolations drawn for both ways. Published as a degradation: images of the internet were
    often resized before (Zhang et al., BSRGAN, ICCV 2021). The high resolution stays
    as it is, so that the network learns to restore what was lost.

        [[data.train.transforms]]
        type = "down_up"
        probability = 0.5

    >>> import torch
    >>> down_up = DownUp(scale=4, image="hr", probability=1.0, factor=(0.5, 0.5))
    >>> batch = {"hr": torch.eye(8).expand(1, 3, 8, 8)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> down_up(batch, generator)["hr"].shape
    torch.Size([1, 3, 8, 8])
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = DownUpOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change one tensor of the batch."""
        options = self.options
        image = image_of(batch, options.image, "down_up")
        count, size = len(image), image.shape[-2:]
        chosen = happens(options.probability, count, generator).tolist()
        factors = uniform(options.factor, count, generator).tolist()
        ways = torch.randint(
            len(options.modes), (count, 2), generator=generator, device=generator.device
        ).tolist()
        resized = image.clone()
        for number in range(count):
            if not chosen[number]:
                continue
            down, up = (options.modes[way] for way in ways[number])
            small = [max(1, round(side * factors[number])) for side in size]
            shrunk = F.interpolate(image[number, None], size=small, mode=down)
            upscaled = F.interpolate(shrunk, size=size, mode=up)
            resized[number] = upscaled[0].clamp(0, 1)
        return batch | {options.image: resized}
