"""Colors of a batch in other channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from srcore.transforms.augmenting import images_of_pairs
from srcore.transforms.batch import happens
from srcore.transforms.options import ChannelShuffleOptions

if TYPE_CHECKING:
    from srcore.contracts import Batch

_COLORS = 3


class ChannelShuffle:
    """Transform ``channel_shuffle``: red, green and blue in another order, in all images alike.

    "RGB permutation" of Yoo, Ahn, Sohn, "Rethinking Data Augmentation for Image Super-Resolution",
    CVPR 2020: nothing of the structure changes. All six orders are equally likely, the usual one
    among them. Gray images stay, and so does alpha.

        [[data.train.transforms]]
        type = "channel_shuffle"
        probability = 0.5

    >>> import torch
    >>> shuffle = ChannelShuffle(scale=4, probability=1.0)
    >>> batch = {"hr": torch.arange(3.0).view(1, 3, 1, 1).expand(1, 3, 8, 8)}
    >>> generator = torch.Generator().manual_seed(1)
    >>> shuffle(batch, generator)["hr"][0, :, 0, 0].sort().values
    tensor([0., 1., 2.])
    """

    def __init__(self, *, scale: int, **options: Any) -> None:
        self.options = ChannelShuffleOptions(**options)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change the order in all images of the batch alike."""
        pairs = images_of_pairs(batch, "channel_shuffle")
        count, device = len(pairs), generator.device
        chosen = happens(self.options.probability, count, generator)
        orders = torch.rand(count, _COLORS, generator=generator, device=device).argsort(1)
        orders = torch.where(chosen[:, None], orders, torch.arange(_COLORS, device=device))
        rows = torch.arange(count, device=device)[:, None]
        shuffled = {
            name: torch.cat([image[rows, orders], image[:, _COLORS:]], 1)
            for name, image in pairs.images.items()
            if image.shape[1] >= _COLORS
        }
        return batch | shuffled
