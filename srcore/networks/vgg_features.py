"""Frozen VGG16 and VGG19 (Simonyan and Zisserman 2014, arXiv 1409.1556) as feature extractors."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import RandomWeightsWarning, SrcoreError
from srcore.networks.classifier_options import ClassifierInput, OwnWeights
from srcore.networks.vgg_layers import layers_in_words, least_side_for, vgg_layers
from srcore.options.declaration import defaults
from srcore.weights.containers import read_checkpoint
from srcore.weights.pretrained import fill, torchvision_file

VGG = Literal["vgg16", "vgg19"]
_WEIGHTS, _INPUT = defaults(OwnWeights), defaults(ClassifierInput)

#: Names of the layers; the position is the index in ``features`` of torchvision's network.
LAYERS: dict[str, tuple[str, ...]] = {name: vgg_layers(name) for name in get_args(VGG)}
#: Output channels of the convolutions of each block.
_WIDTHS = (64, 128, 256, 512, 512)
_URLS = {
    "vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
    "vgg19": "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
}
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


def _published_widths(network: VGG) -> tuple[int, ...]:
    convs = (name for name in LAYERS[network] if name.startswith("conv"))
    return tuple(_WIDTHS[int(name[4]) - 1] for name in convs)


VGG19_LAYERS = LAYERS["vgg19"]
#: Output channels of the 16 convolutions of VGG19.
VGG19_WIDTHS = _published_widths("vgg19")


class VGGFeatures(nn.Module):
    """Feature maps of VGG19 or VGG16 by layer name; frozen, with gradients for the image.

    Layers are called ``convB_I`` (the convolution's output, before its ReLU), ``reluB_I`` and
    ``poolB``. Only what the deepest wanted layer needs is built.

    Args:
        layers: names of the wanted layers.
        weights: ``"imagenet"`` (torchvision's file, downloaded once and cached), a file, or
            ``"random"`` (for tests; the same values every time, with a warning). Files may name
            the layers as torchvision does (``features.2.weight`` or ``2.weight``), or
            ``conv1_2.weight``, also below another name such as ``vgg_net.``.
        use_input_norm: normalize images with the mean and standard deviation of ImageNet; images
            are expected in [0, 1].
        range_norm: images are in [-1, 1]; map them to [0, 1] first.
        widths: output channels of the convolutions; others than the network's need other weights.
        network: ``"vgg19"`` or ``"vgg16"``.

    Attributes:
        least_side: pixels that both sides of the images must have.

    Raises:
        SrcoreError: an unknown layer; in use: an image that is too small.
        WeightsError: weights that cannot be had or do not fit.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: Iterable[str],
        weights: str | Path = _WEIGHTS.weights,
        use_input_norm: bool = _INPUT.use_input_norm,
        range_norm: bool = _INPUT.range_norm,
        widths: Sequence[int] | None = None,
        network: VGG = "vgg19",
    ) -> None:
        super().__init__()
        self.name, self.network = network.upper(), network
        self.layers = frozenset(layers)
        self.use_input_norm, self.range_norm = use_input_norm, range_norm
        last = max((_index(network, layer) for layer in self.layers), default=-1)
        self._plan = LAYERS[network][: last + 1]
        self.least_side = least_side_for(network, self._plan)
        self._build(_published_widths(network) if widths is None else widths)
        for name, value in (("mean", _IMAGENET_MEAN), ("std", _IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(value).view(1, 3, 1, 1), persistent=False)
        if weights == "random":
            self._randomize()
        else:
            path = _vgg_file(network) if weights == "imagenet" else Path(weights)
            self._load(path)
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """``(N, 3, H, W)`` -> wanted maps by name, in the order of the layers.

        Raises:
            SrcoreError: the images are too small for the last of the layers.
        """
        height, width = image.shape[-2:]
        if min(height, width) < self.least_side:
            raise SrcoreError(
                f"{self.name} needs images of {self.least_side} pixels per side or more for "
                f"{self._plan[-1]}, found {width}x{height}; choose larger crops or earlier layers"
            )
        x = (image + 1) / 2 if self.range_norm else image
        if self.use_input_norm:
            x = (x - self.mean) / self.std
        maps: dict[str, Tensor] = {}
        for previous, name in zip(("", *self._plan), self._plan, strict=False):
            if name.startswith("conv"):
                x = self.get_submodule(name)(x)
            elif name.startswith("relu"):
                # A map that is handed out must not be overwritten.
                x = F.relu(x, inplace=previous not in self.layers)
            else:
                x = self.pool(x)
            if name in self.layers:
                maps[name] = x
        return maps

    def pool(self, maps: Tensor) -> Tensor:
        """Half the sides, rounded down: ``(N, C, H, W)`` -> ``(N, C, H // 2, W // 2)``."""
        return F.max_pool2d(maps, 2, 2)

    def _build(self, widths: Sequence[int]) -> None:
        convs = [name for name in LAYERS[self.network] if name.startswith("conv")]
        if len(widths) != len(convs):
            raise SrcoreError(f"widths: expected {len(convs)} numbers, found {len(widths)}")
        inputs = 3
        for name, outputs in zip(convs, widths, strict=True):
            if name in self._plan:
                self.add_module(name, nn.Conv2d(inputs, outputs, 3, 1, 1))
            inputs = outputs

    def _randomize(self) -> None:
        text = f"{self.name} with random weights: features mean nothing; use them in tests only"
        warnings.warn(text, RandomWeightsWarning, stacklevel=3)
        # Python shows a warning once per process; the log of every run should have it.
        logging.getLogger("srcore").warning(text)
        # Its own generator: every run and every rank gets the same network.
        generator = torch.Generator().manual_seed(0)
        for conv in self.children():
            assert isinstance(conv, nn.Conv2d)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu", generator=generator)
            assert conv.bias is not None
            nn.init.zeros_(conv.bias)

    def _load(self, path: Path) -> None:
        tensors = _native_names(read_checkpoint(path).state, LAYERS[self.network])
        fill(self, tensors, f"{path}: {self.name} needs ")


def _index(network: VGG, layer: str) -> int:
    layers = LAYERS[network]
    if layer not in layers:
        raise SrcoreError(
            f'no {network.upper()} layer "{layer}"; layers are {layers_in_words(network)}'
        )
    return layers.index(layer)


def _native_names(state: Mapping[str, Tensor], layers: Sequence[str]) -> dict[str, Tensor]:
    """Weights by layer name; those of the classifier are left out."""
    native = {}
    for key, tensor in state.items():
        by_name = re.search(r"(?:^|\.)(conv\d_\d\.\w+)$", key)
        by_index = re.fullmatch(r"(?:features\.)?(\d+)\.(\w+)", key)
        if by_name:
            native[by_name[1]] = tensor
        elif by_index and int(by_index[1]) < len(layers):
            native[f"{layers[int(by_index[1])]}.{by_index[2]}"] = tensor
    return native


def imagenet_file() -> Path:
    """Find torchvision's VGG19 in PyTorch's cache; downloaded if it is not there."""
    return _vgg_file("vgg19")


def vgg16_file() -> Path:
    """Find torchvision's VGG16 in PyTorch's cache; downloaded if it is not there."""
    return _vgg_file("vgg16")


def _vgg_file(network: VGG) -> Path:
    what = f"{network.upper()}'s ImageNet weights"
    return torchvision_file(_URLS[network], what, "set weights to its path")
