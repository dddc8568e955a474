"""Whether every feature of the target has one that is like it, wherever that is."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from srcore.losses.options import ContextualOptions
from srcore.losses.perceptual import Features, PerceptualLoss
from srcore.machine.devices import at_least_float32
from srcore.options.declaration import defaults

_DEFAULT = defaults(ContextualOptions)

_EPS = 1e-5


def contextual_similarity(features: Tensor, targets: Tensor, bandwidth: float) -> Tensor:
    """``CX = mean_j max_i w_ij / sum_k w_ik`` in (0, 1] per image.

    With x_i the features of the image and y_j those of the target, both less the mean of all y_j:
    ``d_ij = 1 - cos(x_i, y_j)``, ``w_ij = exp((1 - d_ij / (min_k d_ik + 1e-5)) / h)`` (Mechrez et
    al. 2018, eq. 1 to 4 and 6).

    Args:
        features: ``(N, C, P)``, float32 or float64.
        targets: ``(N, C, Q)``.
        bandwidth: h; the smaller, the more the nearest one alone counts.

    Returns:
        ``(N,)``.
    """
    center = targets.mean(2, keepdim=True)
    x, y = (F.normalize(each - center, dim=1, eps=1e-8) for each in (features, targets))
    distances = (1 - x.transpose(1, 2) @ y).clamp(min=0)  # (N, P, Q)
    relative = distances / (distances.amin(2, keepdim=True) + _EPS)
    # exp(1 / h) is a factor of all weights of a row and divides out.
    shares = torch.softmax(-relative / bandwidth, 2)
    return shares.amax(1).mean(1)


class ContextualLoss(PerceptualLoss):
    """``-log CX`` of feature maps of the generator's output and of the target.

    Mechrez, Talmi, Zelnik-Manor, "The Contextual Loss for Image Transformation with Non-Aligned
    Data", ECCV 2018, eq. 7; for super-resolution: Mechrez, Talmi, Shama, Zelnik-Manor, "Maintaining
    Natural Image Statistics with the Contextual Loss", ACCV 2018. See
    :func:`contextual_similarity`. Pairs need not lie exactly on one another. Always computed in
    float32 at least. Memory grows with the square of the number of positions; of larger maps
    ``max_positions`` are drawn, the same of both images.

        [[losses]]
        type = "contextual"
        weight = 0.1
        layers = { conv3_4 = 1.0 }

    With other features than those of a network, here the images themselves:

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> hr = torch.rand(1, 3, 4, 4)
    >>> loss = ContextualLoss({"pixels": 1.0}, features=lambda images: {"pixels": images})
    >>> moved = LossContext({"hr": hr}, hr.flip(-1), iteration=1)
    >>> bool(loss(moved) < 1e-3)  # all its colors are there
    True

    Args:
        layers: weight per layer.
        bandwidth: h of the similarity.
        max_positions: of a map; of more as many are drawn.
        settings: as of :class:`srcore.losses.perceptual.PerceptualLoss`, but ``criterion``.
    """

    name = "contextual"

    def __init__(
        self,
        layers: Mapping[str, float],
        bandwidth: float = _DEFAULT.bandwidth,
        max_positions: int = _DEFAULT.max_positions,
        **settings: object,
    ) -> None:
        super().__init__(layers, **settings)  # type: ignore[arg-type]  # handed on as they are
        self.bandwidth, self.max_positions = bandwidth, max_positions

    def compare(self, features: Features, targets: Features) -> Tensor:
        """The distance of two sets of feature maps."""
        terms = [
            weight * self._distance(features[name], targets[name])
            for name, weight in self.layers.items()
        ]
        return sum(terms[1:], start=terms[0])

    def _distance(self, features: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            x, y = (at_least_float32(each).flatten(2) for each in (features, targets))
            if x.shape[2] > self.max_positions:
                order = torch.randperm(x.shape[2], device=x.device)[: self.max_positions]
                x, y = x[..., order], y[..., order]
            return -contextual_similarity(x, y, self.bandwidth).log().mean()
