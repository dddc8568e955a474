"""LPIPS with VGG16: what its authors recommend for optimization, and what piq computes."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from srcore.metrics.lpips import LPIPSNetwork, Weights
from srcore.networks.vgg_features import VGGFeatures

_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")


class VGGLPIPS(LPIPSNetwork):
    """LPIPS of VGG16's maps, see :class:`srcore.metrics.lpips.LPIPSNetwork`.

    Args:
        weights: ``"imagenet"`` (torchvision's file, downloaded once), a file, or ``"random"``; see
            :class:`srcore.networks.vgg_features.VGGFeatures`.
    """

    def __init__(self, weights: Weights) -> None:
        super().__init__("lpips_vgg.npz")
        # The package's shift and scale of images in [-1, 1] are ImageNet's of images in [0, 1].
        self.features = VGGFeatures(_LAYERS, weights, network="vgg16")

    def maps(self, image: Tensor) -> Iterable[Tensor]:
        """The maps of an image."""
        maps: dict[str, Tensor] = self.features(image)
        return maps.values()
