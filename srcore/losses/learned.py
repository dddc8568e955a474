"""Learned distances as losses: LPIPS and DISTS."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from torch import Tensor

from srcore.losses.comparison import ComparisonLoss
from srcore.losses.options import DISTSLossOptions, LPIPSLossOptions
from srcore.metrics.dists import DISTSNetwork
from srcore.metrics.lpips import LPIPSName, weights_source
from srcore.metrics.lpips_choice import lpips_network
from srcore.metrics.options import ALEXNET_LEAST, VGG16_LEAST
from srcore.options.declaration import defaults

_DISTS, _LPIPS = defaults(DISTSLossOptions), defaults(LPIPSLossOptions)

WeightsKind = Literal["imagenet", "file", "random"]


class LPIPSLoss(ComparisonLoss):
    """LPIPS (Zhang et al., CVPR 2018), version 0.1, of the generator's output and the target.

    ``mean_n sum_l mean_hw sum_c w_lc (phi_lc(sr) / |phi_l(sr)| - phi_lc(hr) / |phi_l(hr)|)^2``:
    the metric ``lpips``. Its authors use VGG16 for optimization and AlexNet to measure with.

        [[losses]]
        type = "lpips"
        weight = 0.1

    With random weights, as tests have them:

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> from srcore.testing.specimen import random_weights
    >>> sr = torch.full((1, 3, 32, 32), 0.5)
    >>> with random_weights():
    ...     loss = LPIPSLoss(network="alex", weights="random")
    >>> loss(LossContext({"hr": sr}, sr, iteration=1))
    tensor(0.)

    Args:
        target: batch entry to compare with, ``(N, 3, H, W)`` like ``sr``.
        network: ``"vgg"`` or ``"alex"``.
        weights: of the network: ``"imagenet"``, ``"file"`` or ``"random"``.
        file: for ``weights = "file"``.
    """

    name = "lpips"

    def __init__(
        self,
        target: str = _LPIPS.target,
        network: LPIPSName = _LPIPS.network,
        weights: WeightsKind = _LPIPS.weights,
        file: Path | None = _LPIPS.file,
    ) -> None:
        super().__init__(target)
        self.network = lpips_network(network, weights_source(weights, file)).eval()
        self.requires_grad_(False)
        self.least_side = ALEXNET_LEAST if network == "alex" else VGG16_LEAST

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        distance: Tensor = self.network(sr, target).mean()
        return distance


class DISTSLoss(ComparisonLoss):
    """DISTS (Ding et al., IEEE TPAMI 2020) of the generator's output and the target.

    ``1 - sum (alpha l + beta s)`` of textures l and structures s of VGG16's maps: the metric
    ``dists``, see :class:`srcore.metrics.dists.DISTSNetwork`. It tolerates texture that is like
    that of the target at other places.

        [[losses]]
        type = "dists"
        weight = 0.1

    With random weights, as tests have them:

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> from srcore.testing.specimen import random_weights
    >>> sr = torch.rand(1, 3, 16, 16)
    >>> with random_weights():
    ...     loss = DISTSLoss(weights="random")
    >>> abs(float(loss(LossContext({"hr": sr}, sr, iteration=1)))) < 1e-5
    True

    Args:
        target: batch entry to compare with, ``(N, 3, H, W)`` like ``sr``.
        weights: of VGG16: ``"imagenet"``, ``"file"`` or ``"random"``.
        file: for ``weights = "file"``.
    """

    name = "dists"
    least_side = VGG16_LEAST

    def __init__(
        self,
        target: str = _DISTS.target,
        weights: WeightsKind = _DISTS.weights,
        file: Path | None = _DISTS.file,
    ) -> None:
        super().__init__(target)
        self.network = DISTSNetwork(weights_source(weights, file)).eval()

    def compare(self, sr: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of pairs."""
        distance: Tensor = self.network(sr, target).mean()
        return distance
