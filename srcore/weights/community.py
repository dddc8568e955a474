"""Community architectures that srcore does not have, read by spandrel (optional package)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from srcore.errors import SrcoreError, cause
from srcore.weights.bounds import build_bounded
from srcore.weights.channels import CHANNELS
from srcore.weights.dialects import UnknownArchitectureError

if TYPE_CHECKING:
    import spandrel

    from srcore.weights.containers import Checkpoint


class SpandrelNetwork(nn.Module):
    """A model of spandrel as a network of srcore, for inference only.

    Its output is clamped to [0, 1] and has no graph; sizes are padded and cut by spandrel.

    Attributes:
        scale: factor between input and output sides.
        tile_multiple: tile sides should be a multiple of it.
        in_channels: channels in and out.
        architecture: spandrel's name of the architecture.
    """

    def __init__(self, descriptor: spandrel.ImageModelDescriptor) -> None:
        super().__init__()
        self.model: nn.Module = descriptor.model
        self.scale: int = descriptor.scale
        self.tile_multiple: int = max(1, descriptor.size_requirements.multiple_of)
        self.in_channels: int = descriptor.input_channels
        self.architecture: str = descriptor.architecture.name
        self._descriptor = descriptor

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` -> ``(N, C, scale*h, scale*w)``; images one by one."""
        # clones: some networks (RCAN) write into what they are given, and tensors made in
        # inference mode cannot be used by ordinary code
        if len(lr) == 1:
            return cast("Tensor", self._descriptor(lr.clone()).clone())
        return torch.cat([self(image) for image in torch.split(lr, 1)])


def load_community(checkpoint: Checkpoint, reason: UnknownArchitectureError) -> SpandrelNetwork:
    """The network of a checkpoint that srcore does not know.

    Args:
        checkpoint: unwrapped weights.
        reason: why srcore does not know it.

    Raises:
        UnknownArchitectureError: spandrel does not know it either, or it makes other images than
            it takes, or is not installed.
    """
    try:
        import spandrel
    except ModuleNotFoundError as missing:
        raise UnknownArchitectureError(
            f"{reason}; spandrel reads many more: pip install 'srcore[spandrel]'"
        ) from missing
    try:
        descriptor = build_bounded(
            lambda: spandrel.ModelLoader().load_from_state_dict(dict(checkpoint.state)),
            checkpoint.state,
            {},
            checkpoint.source,
        )
    except SrcoreError:
        raise
    except spandrel.UnsupportedModelError as error:
        raise UnknownArchitectureError(f"{reason}; nor does spandrel know it") from error
    except Exception as error:  # names that it knows, with shapes that it does not expect
        raise UnknownArchitectureError(
            f"{reason}; nor can spandrel read it ({cause(error)})"
        ) from error
    channels = (descriptor.input_channels, descriptor.output_channels)
    is_alike = channels[0] == channels[1] and channels[0] in CHANNELS
    if not isinstance(descriptor, spandrel.ImageModelDescriptor) or not is_alike:
        raise UnknownArchitectureError(
            f"{checkpoint.source}: a {descriptor.architecture.name} model with {channels[0]} input "
            f"and {channels[1]} output channels; expected 1, 3 or 4, in and out the same"
        )
    return SpandrelNetwork(descriptor)
