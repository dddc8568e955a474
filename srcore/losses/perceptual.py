"""Distances between the feature maps of two images, and between their Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.losses.entries import same_size_entry
from srcore.losses.options import PerceptualOptions
from srcore.networks.feature_network import feature_network
from srcore.options.declaration import defaults

_DEFAULT = defaults(PerceptualOptions)

Criterion = Literal["l1", "mse", "fro"]
Features = Mapping[str, Tensor]


def feature_distance(features: Tensor, target: Tensor, criterion: Criterion) -> Tensor:
    """Mean absolute or squared difference, or the Frobenius norm over the whole batch.

    Maps are ``(N, C, H, W)``, Gram matrices ``(N, C, C)``; the result is one value.
    """
    difference = features - target
    if criterion == "l1":
        return difference.abs().mean()
    return difference.square().mean() if criterion == "mse" else difference.norm()


def gram_matrix(features: Tensor) -> Tensor:
    """``F F^T / (C H W)`` per image: ``(N, C, H, W)`` -> ``(N, C, C)``."""
    count, channels, height, width = features.shape
    flat = features.reshape(count, channels, height * width)
    return flat @ flat.transpose(1, 2) / (channels * height * width)


def perceptual_distance(
    features: Features, targets: Features, layers: Mapping[str, float], criterion: Criterion
) -> Tensor:
    """Sum over layers of weight times distance of feature maps.

    Maps are ``(N, C, H, W)`` by layer; the result is one value.
    """
    return _weighted_sum(
        {name: feature_distance(features[name], targets[name], criterion) for name in layers},
        layers,
    )


def style_distance(
    features: Features, targets: Features, layers: Mapping[str, float], criterion: Criterion
) -> Tensor:
    """Sum over layers of weight times distance of Gram matrices.

    Maps are ``(N, C, H, W)`` by layer; the result is one value.
    """
    return _weighted_sum(
        {
            name: feature_distance(
                gram_matrix(features[name]), gram_matrix(targets[name]), criterion
            )
            for name in layers
        },
        layers,
    )


def _weighted_sum(values: Features, weights: Mapping[str, float]) -> Tensor:
    terms = [weight * values[name] for name, weight in weights.items()]
    return sum(terms[1:], start=terms[0])


class PerceptualLoss(nn.Module):
    """Distance of feature maps of the generator's output and of the target, of VGG19 by default.

    ``sum_k weight_k * |phi_k(sr) - phi_k(target)|`` (Johnson et al., 2016; before the ReLU: ESRGAN,
    Wang et al., 2018). The target's maps are constants.

        [[losses]]
        type = "perceptual"
        layers = { conv5_4 = 1.0 }

    Other networks are known by torchvision's names, and their layers by those of its modules:

        [[losses]]
        type = "perceptual"
        network = "resnet50"
        layers = { layer1 = 0.5, layer2 = 1.0 }

    With other features than those of a network, here the images themselves:

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> PerceptualLoss({"pixels": 1.0}, features=lambda images: {"pixels": images})(context)
    tensor(0.5000)

    Args:
        layers: weight per layer, such as ``conv5_4`` (before its ReLU) or ``relu5_4`` (after it).
        criterion: mean absolute (``"l1"``) or squared difference (``"mse"``), or the Frobenius
            norm over the whole batch (``"fro"``).
        target: batch entry to compare with, ``(N, 3, H, W)`` like ``sr``.
        weights: ``"imagenet"``, ``"file"`` or ``"random"``; see
            :class:`srcore.networks.vgg_features.VGGFeatures` and
            :class:`srcore.networks.classifier_features.ClassifierFeatures`.
        file: weights file for ``weights = "file"``.
        use_input_norm: normalize with ImageNet's mean and deviation.
        range_norm: images are in [-1, 1].
        network: ``"vgg16"``, ``"vgg19"``, or the name of a classifier of torchvision.
        features: images -> maps by layer, instead of a network.
    """

    name = "perceptual"

    def __init__(
        self,
        layers: Mapping[str, float],
        criterion: Criterion = _DEFAULT.criterion,
        target: str = _DEFAULT.target,
        weights: Literal["imagenet", "file", "random"] = _DEFAULT.weights,
        file: Path | None = _DEFAULT.file,
        use_input_norm: bool = _DEFAULT.use_input_norm,
        range_norm: bool = _DEFAULT.range_norm,
        network: str = _DEFAULT.network,
        features: Callable[[Tensor], Features] | None = None,
    ) -> None:
        super().__init__()
        self.layers = dict(layers)
        self.criterion: Criterion = criterion
        self.target = target
        if features is None:
            source = file if weights == "file" and file is not None else weights
            features = feature_network(network, self.layers, source, use_input_norm, range_norm)
        self.features = features

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term."""
        target = same_size_entry(context, self.target, self.name)
        with torch.no_grad():
            wanted = self.features(target)
        return self.compare(self.features(context.sr), wanted)

    def compare(self, features: Features, targets: Features) -> Tensor:
        """The distance of two sets of feature maps."""
        return perceptual_distance(features, targets, self.layers, self.criterion)


class StyleLoss(PerceptualLoss):
    """Distance of the Gram matrices of VGG19 feature maps (Gatys et al., 2016).

    Takes the keys of :class:`PerceptualLoss`.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> StyleLoss({"pixels": 1.0}, features=lambda images: {"pixels": images})(context)
    tensor(0.0833)
    """

    name = "style"

    def compare(self, features: Features, targets: Features) -> Tensor:
        """The distance of two sets of feature maps."""
        return style_distance(features, targets, self.layers, self.criterion)
