"""The batch transforms of a stage: built, placed and applied in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from srcore.plugin.calling import call

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.contracts import Batch


def build_transforms(experiment: Experiment, device: torch.device) -> list[Any]:
    """The transforms of the training images, on the device."""
    table = experiment.data.train
    made = (
        [selected.build(scale=experiment.scale) for selected in table.transforms] if table else []
    )
    for transform in made:
        if isinstance(transform, nn.Module):
            transform.to(device)
    return made


@torch.no_grad()
def transformed(
    batch: Batch,
    transforms: list[Any],
    generator: torch.Generator,
    require_finite: Callable[[Mapping[str, Tensor], str], None] | None = None,
) -> Batch:
    """The batch after all transforms, without graph.

    Args:
        batch: images and what travels with them.
        transforms: in their order.
        generator: of the transforms' own draws.
        require_finite: given the means of what a transform made, and their name for messages.
            A value that is not finite and seen later would lie in a pool of pairs already.
    """
    for number, transform in enumerate(transforms, 1):
        batch = call("transform", transform, batch, generator)
        if require_finite is not None:
            means = {
                name: value.float().mean()
                for name, value in batch.items()
                if isinstance(value, Tensor)
            }
            require_finite(means, f"after transform {number}, the mean of")
    return batch
