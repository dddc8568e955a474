"""Losses of USR-DU: two Laplace divergences for the DSN, low frequencies for the SR network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.errors import SrcoreError
from srcore.losses.entries import same_size_entry
from srcore.options.declaration import defaults
from srplug_usrdu.filters import Border, low_pass
from srplug_usrdu.options import DataLossOptions, FeatureLossOptions, GaussianL1Options

_DATA = defaults(DataLossOptions)

_GAUSSIAN_L1 = defaults(GaussianL1Options)
_DATA_LOSS = defaults(DataLossOptions)
_FEATURE_LOSS = defaults(FeatureLossOptions)

#: Scales are in gray levels of 8-bit images, also those of features.
GRAY_LEVELS = 255.0


def laplace_divergence(difference: Tensor, log_scale: Tensor, absolute: Tensor) -> Tensor:
    """Mean of ``|d| + b exp(-u/b) - v - 1``, ``b = exp(v)``: KL(Laplace(0, b) || Laplace(u, 1)).

    Args:
        difference: d, whose absolute value is the first term; u itself for the exact divergence.
        log_scale: v.
        absolute: u, the absolute difference of the means, shaped like ``log_scale``.

    All are ``(N, C, H, W)``; the result is a scalar.
    """
    scale = log_scale.exp()
    spread = scale * torch.exp(-absolute / scale) - log_scale - 1
    return difference.abs().mean() + spread.mean()


def kl_data_loss(
    mean: Tensor,
    reference: Tensor,
    log_scale: Tensor | None,
    kernel_size: int = _DATA.kernel_size,
    levels: float = GRAY_LEVELS,
) -> Tensor:
    """Data loss of the DSN, in images' units (a gray level is 1/255).

    ``(mean|G(255 m) - G(255 R)| + mean(b exp(-u/b) - v - 1)) / 255`` with ``u = 255 |m - R|`` and G
    a Gaussian without padding. With G the identity it were the exact divergence; the low-pass
    leaves high frequencies to the discriminator. It may be negative. Without ``log_scale`` only
    the first term remains.

    Args:
        mean: m, ``(N, 3, h, w)``.
        reference: R, like ``mean``, a constant.
        log_scale: v, like ``mean``, or None.
        kernel_size: taps of G.
        levels: gray levels between black and white.
    """
    difference = levels * (mean - reference)
    low = low_pass(difference, kernel_size, "valid")  # linear: G(m) - G(R)
    if log_scale is None:
        return low.abs().mean() / levels
    return laplace_divergence(low, log_scale, difference.abs()) / levels


def feature_uncertainty_loss(
    features: Tensor,
    reference: Tensor,
    log_scale: Tensor,
    slope: float = 0.5,
    levels: float = GRAY_LEVELS,
) -> Tensor:
    """Exact divergence between feature maps, which count as images after ``slope * V + offset``.

    ``(mean(U) + mean(e^q exp(-U/e^q) - q - 1)) / 255`` with ``U = 255 slope |V(m) - V(R)|``; the
    published offset of 0.5 cancels.

    Args:
        features: V(m), ``(N, C, h, w)``.
        reference: V(R).
        log_scale: q, like the features.
        slope: factor of the features.
        levels: gray levels between black and white.
    """
    absolute = (levels * slope * (features - reference)).abs()
    return laplace_divergence(absolute, log_scale, absolute) / levels


class DataLoss(nn.Module):
    """Loss ``usrdu_data``: :func:`kl_data_loss` of the DSN's mean and pixel log-scale.

    Args:
        kernel_size: taps of the low-pass.
        target: batch entry with the reference.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 32, 32), 0.5), torch.zeros(1, 3, 32, 32)
    >>> extras = {"log_scale": torch.zeros_like(sr)}
    >>> context = LossContext({"lr_reference": hr}, sr, iteration=1, extras=extras)
    >>> DataLoss()(context)
    tensor(0.4961)
    """

    def __init__(
        self, kernel_size: int = _DATA_LOSS.kernel_size, target: str = _DATA_LOSS.target
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.target = target

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term, a scalar."""
        reference = same_size_entry(context, self.target, "usrdu_data")
        log_scale = context.extras["log_scale"]
        return kl_data_loss(context.sr, reference, log_scale, self.kernel_size)


class FeatureLoss(nn.Module):
    """Loss ``usrdu_feature``: :func:`feature_uncertainty_loss` of VGG19's conv5_4, before its ReLU.

    Args:
        layer: layer of VGG19.
        target: batch entry with the reference.
        weights: ``"imagenet"``, ``"file"`` or ``"random"``.
        file: weights for ``"file"``.
        features: images -> maps by layer, instead of VGG19.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> extras = {"feature_log_scale": torch.zeros_like(sr)}
    >>> context = LossContext({"lr_reference": hr}, sr, iteration=1, extras=extras)
    >>> FeatureLoss("pixels", features=lambda images: {"pixels": images})(context)
    tensor(0.2461)
    """

    def __init__(
        self,
        layer: str = _FEATURE_LOSS.layer,
        target: str = _FEATURE_LOSS.target,
        weights: Literal["imagenet", "file", "random"] = _FEATURE_LOSS.weights,
        file: Path | None = _FEATURE_LOSS.file,
        features: Callable[[Tensor], Mapping[str, Tensor]] | None = None,
    ) -> None:
        super().__init__()
        self.layer = layer
        self.target = target
        if features is None:
            from srcore.networks.vgg_features import VGGFeatures

            source = file if weights == "file" and file is not None else weights
            features = VGGFeatures((layer,), source)
        self.features = features

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term, a scalar.

        Raises:
            SrcoreError: the feature head's map has another shape than the features.
        """
        with torch.no_grad():
            reference = self.features(same_size_entry(context, self.target, "usrdu_feature"))
        wanted, features = reference[self.layer], self.features(context.sr)[self.layer]
        log_scale = context.extras["feature_log_scale"]
        if log_scale.shape != features.shape:
            raise SrcoreError(
                f'loss "usrdu_feature": the feature head has shape {tuple(log_scale.shape)}, '
                f"{self.layer} has {tuple(features.shape)}; set generator.feature_channels = "
                f"{features.shape[1]} and sizes that are multiples of 16 at low resolution"
            )
        return feature_uncertainty_loss(features, wanted, log_scale)


class GaussianL1Loss(nn.Module):
    """Loss ``gaussian_l1``: ``mean |G(sr) - G(target)|`` with a Gaussian G of sigma = size / 6.

    Args:
        kernel_size: taps of G.
        border: what lies beyond the edge.
        target: batch entry to compare with.

    >>> import torch
    >>> from srcore.contracts import LossContext
    >>> sr, hr = torch.full((1, 3, 4, 4), 0.5), torch.zeros(1, 3, 4, 4)
    >>> context = LossContext({"hr": hr}, sr, iteration=1)
    >>> GaussianL1Loss(border="reflect")(context)
    tensor(0.5000)
    """

    def __init__(
        self,
        kernel_size: int = _GAUSSIAN_L1.kernel_size,
        border: Border = _GAUSSIAN_L1.border,
        target: str = _GAUSSIAN_L1.target,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.border: Border = border
        self.target = target

    def forward(self, context: LossContext) -> Tensor:
        """The unweighted term, a scalar."""
        target = same_size_entry(context, self.target, "gaussian_l1")
        return low_pass(context.sr - target, self.kernel_size, self.border).abs().mean()
