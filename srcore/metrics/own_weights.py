"""The classifiers of LPIPS and DISTS, which are losses and metrics, by the keys of either."""

from __future__ import annotations

from typing import Any

from srcore.networks.classifier_options import OwnWeights
from srcore.weights.pretrained import Pretrained, alexnet_weights, vgg16_weights


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
