"""Measures by pretrained networks, three through piq (``pip install 'srcore[metrics]'``).

The networks' weights are downloaded by piq and torchvision into PyTorch's cache when a metric is
built for the first time. Images are compared whole unless ``crop_border`` is given, which is how
papers report these measures.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from srcore.errors import MissingExtraError, SrcoreError, WeightsError
from srcore.metrics.dists import DISTSNetwork
from srcore.metrics.lpips import weights_source
from srcore.metrics.lpips_choice import lpips_network
from srcore.metrics.options import DISTSOptions, LearnedMetricOptions, LPIPSOptions
from srcore.options.declaration import defaults

_LEARNED_METRIC = defaults(LearnedMetricOptions)
_LPIPS = defaults(LPIPSOptions)
_DISTS = defaults(DISTSOptions)

ImageBytes = NDArray[np.uint8]

#: Smaller side of the images that DISTS was made with.
DISTS_SIDE = 256


class LearnedMetric:
    """A network that compares a pair of images; subclasses say which.

    Args:
        device: where the network runs, such as ``"cpu"`` or ``"cuda"``.

    Attributes:
        name: as in the experiment file.
        higher_is_better: False: all of them measure a distance.
        default_crop_border: border in pixels where the experiment says nothing.
    """

    name: str
    higher_is_better = False
    default_crop_border = 0

    def __init__(self, *, device: str = _LEARNED_METRIC.device) -> None:
        _check_device(self.name, device)
        with _loading(self.name):
            self.network = self.build().eval().requires_grad_(False).to(device)
        self.device = device

    def build(self) -> nn.Module:
        """The network, with its weights."""
        raise NotImplementedError

    @torch.no_grad()
    def __call__(self, sr: ImageBytes, hr: ImageBytes | None, *, crop_border: int) -> Any:
        """The distance of one pair of images."""
        assert hr is not None  # the evaluator computes it for data with HR only: needs=("hr",)
        return float(self.network(self.tensor(sr, crop_border), self.tensor(hr, crop_border)))

    def tensor(self, image: ImageBytes, crop_border: int) -> Tensor:
        """``(H, W, 3)`` uint8 -> ``(1, 3, H, W)`` in [0, 1] on the device, without the border."""
        inner = slice(crop_border, -crop_border or None)
        planes = np.ascontiguousarray(image[inner, inner].transpose(2, 0, 1)[None])
        return torch.from_numpy(planes).to(self.device).float() / 255


class LPIPS(LearnedMetric):
    """LPIPS (Zhang et al., 2018), version 0.1 weights, with VGG16 or AlexNet features.

    Papers on super-resolution report the AlexNet variant (LDL, SeD and USR-DU do); its numbers are
    others than those of VGG16. Do not compare them with each other.

    Args:
        device: where the network runs.
        network: ``"vgg"`` (equal to piq) or ``"alex"``; both equal to the package ``lpips``.
        weights: of the network: ``"imagenet"``, ``"file"`` or ``"random"``.
        file: for ``weights = "file"``.

    >>> import srcore.testing
    >>> image = srcore.testing.tiny_image()
    >>> from srcore.testing.specimen import random_weights
    >>> with random_weights():  # no download
    ...     lpips = LPIPS(network="alex", weights="random")
    >>> lpips(image, image, crop_border=0)
    0.0
    >>> lpips(image, 255 - image, crop_border=0) > 0
    True
    """

    name = "lpips"

    def __init__(
        self,
        *,
        device: str = _LPIPS.device,
        network: Literal["vgg", "alex"] = _LPIPS.network,
        weights: Literal["imagenet", "file", "random"] = _LPIPS.weights,
        file: Path | None = _LPIPS.file,
    ) -> None:
        self.backbone: Literal["vgg", "alex"] = network
        self.source = weights_source(weights, file)
        super().__init__(device=device)

    def build(self) -> nn.Module:
        """The network, with its weights."""
        return lpips_network(self.backbone, self.source)


class DISTS(LearnedMetric):
    """DISTS (Ding et al., 2020): structure and texture of VGG16's maps.

    Args:
        device: where the network runs.
        resize: shrink images whose smaller side is above 256 pixels to it (bilinear, not
            antialiased), as piq does and the authors' script similarly.
        weights: of VGG16: ``"imagenet"``, ``"file"`` or ``"random"``.
        file: for ``weights = "file"``.

    >>> import srcore.testing
    >>> image = srcore.testing.tiny_image()
    >>> from srcore.testing.specimen import random_weights
    >>> with random_weights():  # no download
    ...     dists = DISTS(weights="random")
    >>> abs(dists(image, image, crop_border=0)) < 1e-5
    True
    >>> dists(image, 255 - image, crop_border=0) > 0.1
    True
    """

    name = "dists"

    def __init__(
        self,
        *,
        device: str = _DISTS.device,
        resize: bool = _DISTS.resize,
        weights: Literal["imagenet", "file", "random"] = _DISTS.weights,
        file: Path | None = _DISTS.file,
    ) -> None:
        self.resize = resize
        self.source = weights_source(weights, file)
        super().__init__(device=device)

    def build(self) -> nn.Module:
        """The network, with its weights."""
        return DISTSNetwork(self.source)

    def tensor(self, image: ImageBytes, crop_border: int) -> Tensor:
        """As of other measures, but not larger than the network was made for."""
        whole = super().tensor(image, crop_border)
        least = min(whole.shape[-2:])
        if not self.resize or least <= DISTS_SIDE:
            return whole
        return F.interpolate(
            whole, scale_factor=DISTS_SIDE / least, recompute_scale_factor=False, mode="bilinear"
        )


class PieAPP(LearnedMetric):
    """PieAPP (Prashnani et al., 2018): patches of 64 pixels every 27 pixels; RGB."""

    name = "pieapp"

    def build(self) -> nn.Module:
        """The network, with its weights."""
        network: nn.Module = _piq(self.name).PieAPP()
        return network


class BRISQUE(LearnedMetric):
    """BRISQUE (Mittal, Moorthy, Bovik, IEEE TIP 21(12), 2012) as piq computes it; no reference.

    Statistics of normalized gray levels at two scales, and the authors' support vectors, which piq
    downloads; 0 is good and 100 bad, roughly, and values may lie outside. Y of YIQ, rounded, as
    MATLAB's ``rgb2gray``; half the size by MATLAB's bicubic; whole images unless a border is given.
    """

    name = "brisque"

    def build(self) -> nn.Module:
        """The measure; the vectors are fetched, so that a run does not end for want of them."""
        network = _Brisque(_piq(self.name).brisque)
        network(torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
        return network

    @torch.no_grad()
    def __call__(self, sr: ImageBytes, hr: ImageBytes | None, *, crop_border: int) -> float:
        """BRISQUE of one image; ``hr`` is not looked at.

        Raises:
            SrcoreError: an image without any texture.
        """
        try:
            return float(self.network(self.tensor(sr, crop_border)))
        except AssertionError as error:
            raise SrcoreError(f"brisque: the image has too little texture ({error})") from error


class _Brisque(nn.Module):
    def __init__(self, measure: Any) -> None:
        super().__init__()
        self.measure = measure

    def forward(self, image: Tensor) -> Any:
        return self.measure(image, data_range=1.0)


class FID(LearnedMetric):
    """Fréchet inception distance (Heusel et al., 2017) between all SR and all HR images of a set.

    Features are the 2048 values of the TensorFlow Inception network after average pooling, each
    image resized to 299x299 bilinearly. The value of a set depends strongly on its size: compare
    only figures from the same images.
    """

    name = "fid"

    def build(self) -> nn.Module:
        """The network, with its weights."""
        _piq(self.name)
        from piq.feature_extractors import InceptionV3

        network: nn.Module = InceptionV3()
        return network

    @torch.no_grad()
    def __call__(
        self, sr: ImageBytes, hr: ImageBytes | None, *, crop_border: int
    ) -> NDArray[np.float32]:
        """Features ``(2, 2048)`` of SR and HR, for :meth:`combine`."""
        assert hr is not None  # the evaluator computes it for data with HR only: needs=("hr",)
        features = [
            self.network(self.tensor(image, crop_border))[0].flatten() for image in (sr, hr)
        ]
        stacked: NDArray[np.float32] = torch.stack(features).cpu().numpy()
        return stacked

    def combine(self, values: Sequence[NDArray[np.float32]]) -> float:
        """Distance between the sets, from the features ``(2, 2048)`` of all images.

        Raises:
            SrcoreError: less than two images.
        """
        if len(values) < 2:
            raise SrcoreError(f"fid compares sets of images; found {len(values)} image")
        sr, hr = np.stack(values, axis=1).astype(np.float64)
        return frechet_distance(sr, hr)


def frechet_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """``|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))`` of samples ``(N, D)``.

    With S = X^T X for centered samples X, the trace of the root is the sum of the singular values
    of ``X_a X_b^T``: exact also for fewer samples than features, where iterative roots fail.

    >>> a, b = np.array([[0.0], [2.0]]), np.array([[3.0], [5.0]])
    >>> round(frechet_distance(a, b), 6)  # the same spread, means that are 3 apart
    9.0
    """
    centered = [(x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (a, b)]
    root_trace = np.linalg.svd(centered[0] @ centered[1].T, compute_uv=False).sum()
    spread = sum(float(np.square(x).sum()) for x in centered)
    shift = float(np.square(a.mean(axis=0) - b.mean(axis=0)).sum())
    return float(shift + spread - 2 * root_trace)


def _piq(name: str) -> Any:
    try:
        import piq
    except ImportError:
        raise MissingExtraError(f'metric "{name}"', "metrics") from None
    return piq


def _check_device(name: str, device: str) -> None:
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise SrcoreError(
            f'metric "{name}": device = "{device}" but PyTorch finds no CUDA device; use "cpu"'
        )


@contextlib.contextmanager
def _loading(name: str) -> Iterator[None]:
    """Say what to do where weights cannot be downloaded."""
    with warnings.catch_warnings():
        # piq asks torchvision for weights in a way that torchvision has deprecated.
        warnings.filterwarnings("ignore", category=UserWarning, module="torchvision")
        try:
            yield
        except OSError as error:
            raise WeightsError(
                f'metric "{name}": cannot get the weights of its network ({error}); connect once, '
                f"or copy the files into {torch.hub.get_dir()}/checkpoints"
            ) from error
