"""Options of losses and metrics that look through a classifier, whose weights may be a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srcore.weights.pretrained import Pretrained, alexnet_weights, check_file, vgg16_weights


class OwnWeights:
    """Keys ``weights`` (``"imagenet"``, ``"file"``, ``"random"``) and ``file`` of such options."""

    __slots__ = ()
    weights: str
    file: Path | None

    def __attrs_post_init__(self) -> None:
        """Check what concerns both keys."""
        check_file(self.weights, self.file)

    @property
    def source(self) -> Any:
        """What both keys say together."""
        return self.weights if self.file is None else self.file

    def features(self) -> Any:
        """The classifier with the maps that are compared, as the loss or metric builds it."""
        raise NotImplementedError

    def unfit_weights(self, experiment: Any) -> Iterator[tuple[str, str]]:
        """A file that does not hold the classifier."""
        if self.file is not None:
            from srcore.weights.refusals import refused_weights  # torch

            yield from (("file", message) for message in refused_weights(self.features))


class LPIPSWeights(OwnWeights):
    """Of LPIPS, with ``network = "vgg"`` or ``"alex"``."""

    __slots__ = ()
    network: Any

    def features(self) -> Any:
        """VGG16 or AlexNet, in evaluation mode, with the maps that LPIPS compares."""
        from srcore.metrics.lpips_choice import lpips_network

        return lpips_network(self.network, self.source)

    def pretrained(self) -> tuple[Pretrained, ...]:
        """The network, unless a file of one's own is named."""
        if self.weights != "imagenet":
            return ()
        return vgg16_weights() if self.network == "vgg" else alexnet_weights()


class DISTSWeights(OwnWeights):
    """Of DISTS."""

    __slots__ = ()

    def features(self) -> Any:
        """VGG16 with the maps that DISTS compares, in evaluation mode."""
        from srcore.metrics.dists import DISTSNetwork

        return DISTSNetwork(self.source)

    def pretrained(self) -> tuple[Pretrained, ...]:
        """VGG16, unless a file of one's own is named."""
        return vgg16_weights() if self.weights == "imagenet" else ()
