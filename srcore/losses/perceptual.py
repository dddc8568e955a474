"""Distances between the feature maps of two images, and between their Gram matrices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

Criterion = Literal["l1", "mse", "fro"]
Features = Mapping[str, Tensor]


def feature_distance(features: Tensor, target: Tensor, criterion: Criterion) -> Tensor:
    """Mean absolute or squared difference, or the Frobenius norm over the whole batch."""
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
    """Sum over layers of weight times distance of feature maps."""
    return _weighted_sum(
        {name: feature_distance(features[name], targets[name], criterion) for name in layers},
        layers,
    )


def style_distance(
    features: Features, targets: Features, layers: Mapping[str, float], criterion: Criterion
) -> Tensor:
    """Sum over layers of weight times distance of Gram matrices."""
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
