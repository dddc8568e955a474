"""DISTS: structure and texture of VGG16's maps.

Ding, Ma, Wang, Simoncelli, "Image Quality Assessment: Unifying Structure and Texture Similarity",
IEEE TPAMI 2020 (2004.07728). The weights of the maps in ``dists.npz`` are those of the authors'
package ``DISTS-pytorch`` (MIT, Copyright (c) 2020 Keyan Ding), whose license is in the file's entry
``notice``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.metrics.lpips import Weights
from srcore.networks.vgg_features import VGGFeatures

_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
#: c1 and c2 of the paper, of images in [0, 1].
_C = 1e-6
#: Hann window of 3 taps, which add up to 1.
_HANN = (0.25, 0.5, 0.25)


class SmoothVGG(VGGFeatures):
    """VGG16 whose pooling does not alias: roots of blurred squares, every second pixel (eq. 2)."""

    def pool(self, maps: Tensor) -> Tensor:
        """Half the sides, rounded up: ``(N, C, H, W)`` -> ``(N, C, ceil(H / 2), ceil(W / 2))``."""
        taps = maps.new_tensor(_HANN)
        kernel = (taps[:, None] * taps).expand(maps.shape[1], 1, 3, 3)
        blurred = F.conv2d(maps.square(), kernel, stride=2, padding=1, groups=maps.shape[1])
        return (blurred + 1e-12).sqrt()


class DISTSNetwork(nn.Module):
    """``1 - sum_l sum_c (alpha_lc l(x_lc, y_lc) + beta_lc s(x_lc, y_lc))``.

    With mean m, variance v and covariance c of a map over all its pixels, the texture
    ``l = (2 m_x m_y + C) / (m_x^2 + m_y^2 + C)`` and the structure
    ``s = (2 c + C) / (v_x + v_y + C)`` (eq. 4 to 6), of the image itself and of five maps.

    Args:
        weights: of VGG16: ``"imagenet"``, a file, or ``"random"``.
    """

    alpha: Tensor
    beta: Tensor

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.features = SmoothVGG(_LAYERS, weights, network="vgg16")
        with np.load(Path(__file__).with_name("dists.npz"), allow_pickle=False) as data:
            alpha, beta = (torch.from_numpy(data[name]) for name in ("alpha", "beta"))
        total = alpha.sum() + beta.sum()
        self.register_buffer("alpha", alpha / total)
        self.register_buffer("beta", beta / total)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """``(N, 3, H, W)`` twice, in [0, 1] -> ``(N,)``; differentiable."""
        textures, structures = [], []
        for a, b in zip(self._maps(x), self._maps(y), strict=True):
            m, n = (maps.mean((2, 3), keepdim=True) for maps in (a, b))
            covariance = ((a - m) * (b - n)).mean((2, 3))
            variances = (a - m).square().mean((2, 3)) + (b - n).square().mean((2, 3))
            m, n = m[..., 0, 0], n[..., 0, 0]
            textures.append((2 * m * n + _C) / (m.square() + n.square() + _C))
            structures.append((2 * covariance + _C) / (variances + _C))
        alike = torch.cat(textures, 1) * self.alpha + torch.cat(structures, 1) * self.beta
        return 1 - alike.sum(1)

    def _maps(self, image: Tensor) -> list[Tensor]:
        return [image, *self.features(image).values()]
