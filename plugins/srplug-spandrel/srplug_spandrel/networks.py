"""Networks of spandrel as networks of srcore: any size, any training, their own names for weights.

``srplug_spandrel.networks:<name>`` builds the network of that name in
:mod:`srplug_spandrel.catalog`.
"""

from __future__ import annotations

import copy
import fnmatch
import importlib
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch import Tensor, nn

from srcore.capabilities import RGB
from srcore.errors import SrcoreError
from srcore.networks.padding import crop, pad_to_multiple
from srplug_spandrel.architecture import Architecture, scale_complaint
from srplug_spandrel.construction import constructing
from srplug_spandrel.extra import KNOWN, tell_license
from srplug_spandrel.merging import merge_, mergeable, steady_
from srplug_spandrel.quirks import CALLS, CHANGES, parameters


class Restorer(nn.Module):
    """A network of spandrel that is trained and used like srcore's own.

        [generator]
        type = "spandrel_hat"
        embed_dim = 180

    Args:
        architecture: which one.
        scale: factor between output and input.
        channels: of the images in and out.
        keys: its options.

    Attributes:
        model: spandrel's network.
        scale: factor between output and input.
        in_channels: channels in and out.
        tile_multiple: tiles should begin at multiples of it.

    Raises:
        SrcoreError: a scale that it does not have, or options that spandrel's class refuses.

    >>> import torch, srcore
    >>> keys = {"n_resgroups": 1, "n_resblocks": 1, "n_feats": 16}
    >>> network = srcore.build("network", "spandrel_rcan", scale=2, **keys)
    >>> network(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])
    """

    def __init__(
        self, architecture: Architecture, *, scale: int = 4, channels: int = RGB, **keys: Any
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.scale, self.in_channels = scale, channels
        self._call = CALLS.get(architecture.name)
        complaint = scale_complaint(architecture, scale)
        if complaint:
            raise SrcoreError(complaint)
        tell_license(architecture)
        given = parameters(architecture, scale, channels, keys)
        try:
            with constructing():
                self.model: nn.Module = spandrel_class(architecture, scale)(**given)
        except Exception as error:  # whatever a foreign constructor says of its options
            settings = ", ".join(f"{key} = {value}" for key, value in keys.items())
            reason = " ".join(str(error).split())
            raise SrcoreError(
                f"{architecture.component}: spandrel cannot build it at scale {scale} with "
                f"{settings} ({type(error).__name__}: {reason})"
            ) from error
        if architecture.name in CHANGES:
            CHANGES[architecture.name](self.model)
        hyperparameters: Any = self.model.hyperparameters
        aligned = architecture.aligned(hyperparameters, scale)
        self.tile_multiple = math.lcm(architecture.multiple, aligned)
        for name, parameter in self.model.named_parameters():
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in architecture.frozen):
                parameter.requires_grad_(False)
        if architecture.deployable:
            steady_(self.model)

    def forward(self, lr: Tensor) -> Tensor:
        """``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped."""
        rules, (height, width) = self.architecture, lr.shape[-2:]
        image = pad_to_multiple(lr, rules.multiple, minimum=rules.minimum, square=rules.square)
        if image is lr:
            image = lr.clone()  # some write into what they are given
        made: Tensor = self.model(image) if self._call is None else self._call(self.model, image)
        return crop(made, height * self.scale, width * self.scale)

    def checkpointed(self) -> Iterator[nn.Module]:
        """The blocks of which only the input is kept with ``checkpointing = true``."""
        for pattern in self.architecture.blocks:
            for name, blocks in self.model.named_modules():
                if fnmatch.fnmatchcase(name, pattern):
                    yield from blocks.children()


class BranchedRestorer(Restorer):
    """One that is trained with branches, which are merged for use.

    >>> import torch, srcore
    >>> network = srcore.build("network", "spandrel_span", scale=2, feature_channels=8)
    >>> network.deploy()(torch.rand(1, 3, 8, 6)).shape
    torch.Size([1, 3, 16, 12])
    """

    def deploy(self) -> nn.Module:
        """The network with its branches merged, under the same names."""
        merged = copy.deepcopy(self)
        for module in mergeable(merged.model):
            merge_(module)
        return merged


def spandrel_class(architecture: Architecture, scale: int = 4) -> type[nn.Module]:
    """Spandrel's class of an architecture at a scale."""
    target = architecture.own_targets.get(scale, architecture.target)
    module, _, name = target.partition(":")
    network_class: type[nn.Module] = getattr(
        importlib.import_module(f"{architecture.package}.architectures.{module}"), name
    )
    return network_class


def __getattr__(name: str) -> Callable[..., nn.Module]:
    if name not in KNOWN:
        raise AttributeError(name)
    architecture = KNOWN[name]
    return partial(BranchedRestorer if architecture.deployable else Restorer, architecture)
