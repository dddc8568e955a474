"""Frozen VGG19 (Simonyan and Zisserman 2014, arXiv 1409.1556) as a feature extractor."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srcore.errors import RandomWeightsWarning, SrcoreError
from srcore.weights.containers import read_checkpoint
from srcore.weights.pretrained import fill, torchvision_file

_CONVS_PER_BLOCK = (2, 2, 4, 4, 4)
_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


def _layer_names() -> tuple[str, ...]:
    names: list[str] = []
    for block, convs in enumerate(_CONVS_PER_BLOCK, start=1):
        for conv in range(1, convs + 1):
            names += [f"conv{block}_{conv}", f"relu{block}_{conv}"]
        names.append(f"pool{block}")
    return tuple(names)


#: Names of VGG19's layers; the position is the index in torchvision's ``vgg19().features``.
VGG19_LAYERS = _layer_names()
#: Output channels of the 16 convolutions.
VGG19_WIDTHS = (64,) * 2 + (128,) * 2 + (256,) * 4 + (512,) * 8


class VGGFeatures(nn.Module):
    """Feature maps of VGG19 by layer name; frozen, with gradients for the image.

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
        widths: output channels of the 16 convolutions; others than VGG19's need other weights.

    Raises:
        SrcoreError: an unknown layer.
        WeightsError: weights that cannot be had or do not fit.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        layers: Iterable[str],
        weights: str | Path = "imagenet",
        use_input_norm: bool = True,
        range_norm: bool = False,
        widths: Sequence[int] = VGG19_WIDTHS,
    ) -> None:
        super().__init__()
        self.layers = frozenset(layers)
        self.use_input_norm, self.range_norm = use_input_norm, range_norm
        self._plan = VGG19_LAYERS[: 1 + max(map(_index, self.layers), default=-1)]
        self._build(widths)
        for name, value in (("mean", _IMAGENET_MEAN), ("std", _IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(value).view(1, 3, 1, 1), persistent=False)
        if weights == "random":
            self._randomize()
        else:
            path = imagenet_file() if weights == "imagenet" else Path(weights)
            self._load(path)
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """``(N, 3, H, W)`` -> wanted maps by name, in the order of the layers."""
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
                x = F.max_pool2d(x, 2, 2)
            if name in self.layers:
                maps[name] = x
        return maps

    def _build(self, widths: Sequence[int]) -> None:
        convs = [name for name in VGG19_LAYERS if name.startswith("conv")]
        if len(widths) != len(convs):
            raise SrcoreError(f"widths: expected {len(convs)} numbers, found {len(widths)}")
        inputs = 3
        for name, outputs in zip(convs, widths, strict=True):
            if name in self._plan:
                self.add_module(name, nn.Conv2d(inputs, outputs, 3, 1, 1))
            inputs = outputs

    def _randomize(self) -> None:
        text = "VGG19 with random weights: features mean nothing; use them in tests only"
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
        tensors = _native_names(read_checkpoint(path).state)
        fill(self, tensors, f"{path}: VGG19 needs ")


def _index(layer: str) -> int:
    if layer not in VGG19_LAYERS:
        raise SrcoreError(
            f'no VGG19 layer "{layer}"; layers are conv1_1 to conv5_4, relu1_1 to relu5_4 and '
            "pool1 to pool5"
        )
    return VGG19_LAYERS.index(layer)


def _native_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by layer name; those of the classifier are left out."""
    native = {}
    for key, tensor in state.items():
        by_name = re.search(r"(?:^|\.)(conv\d_\d\.\w+)$", key)
        by_index = re.fullmatch(r"(?:features\.)?(\d+)\.(\w+)", key)
        if by_name:
            native[by_name[1]] = tensor
        elif by_index and int(by_index[1]) < len(VGG19_LAYERS):
            native[f"{VGG19_LAYERS[int(by_index[1])]}.{by_index[2]}"] = tensor
    return native


def imagenet_file() -> Path:
    """Find torchvision's file in PyTorch's cache; downloaded if it is not there."""
    return torchvision_file(_URL, "VGG19's ImageNet weights", "set weights to its path")
