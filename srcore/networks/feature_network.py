"""A frozen classifier as feature extractor, by its name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

from torch import nn

from srcore.networks.vgg_features import VGG, VGGFeatures


def feature_network(
    network: str,
    layers: Iterable[str],
    weights: str | Path,
    use_input_norm: bool,
    range_norm: bool,
) -> nn.Module:
    """A frozen network, images -> maps by layer: VGG16, VGG19 or a classifier of torchvision."""
    if network in ("vgg16", "vgg19"):
        name = cast("VGG", network)
        return VGGFeatures(layers, weights, use_input_norm, range_norm, network=name)
    from srcore.networks.classifier_features import ClassifierFeatures  # all of torchvision

    return ClassifierFeatures(network, layers, weights, use_input_norm, range_norm)
