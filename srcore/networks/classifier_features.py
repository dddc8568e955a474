"""Frozen classifiers of torchvision as feature extractors, by the names of their modules."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torchvision.models as classifiers
from torch import Tensor, nn

from srcore.errors import RandomWeightsWarning, SrcoreError, WeightsError, first_line
from srcore.messages import shown
from srcore.networks.classifier_options import ClassifierInput, OwnWeights
from srcore.options.declaration import defaults
from srcore.suggest import closest
from srcore.weights.containers import read_checkpoint
from srcore.weights.meta_device import on_meta
from srcore.weights.pretrained import torchvision_file

#: Key of the first weights that torchvision published of a network; never others, so that a
#: training means the same whatever the version of torchvision.
_FIRST = "IMAGENET1K_V1"
_WEIGHTS, _INPUT = defaults(OwnWeights), defaults(ClassifierInput)


class _AllThere(Exception):  # noqa: N818 - it is no error
    """Every wanted map is known: the rest of the network need not be computed."""


class ClassifierFeatures(nn.Module):
    """Outputs of modules of a classifier by their names; frozen, with gradients for the image.

    Names are those of ``named_modules()``, such as ``layer2`` or ``layer3.5.relu`` of ``resnet50``,
    ``features.denseblock2`` of ``densenet121``. What comes after the last of them is not computed.

    Args:
        network: name of a classifier of torchvision, such as ``"resnet50"``.
        layers: names of modules whose outputs are wanted.
        weights: ``"imagenet"`` (torchvision's first file, downloaded once and cached), a file with
            torchvision's names, or ``"random"`` (for tests; the same values every time).
        use_input_norm: normalize images with the mean and standard deviation that the network was
            trained with; images are expected in [0, 1].
        range_norm: images are in [-1, 1]; map them to [0, 1] first.

    Raises:
        SrcoreError: torchvision has no such classifier, or it has no such modules.
        WeightsError: weights that cannot be had or do not fit.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        network: str,
        layers: Iterable[str],
        weights: str | Path = _WEIGHTS.weights,
        use_input_norm: bool = _INPUT.use_input_norm,
        range_norm: bool = _INPUT.range_norm,
    ) -> None:
        super().__init__()
        self.name, self.layers = network, frozenset(layers)
        self.use_input_norm, self.range_norm = use_input_norm, range_norm
        complaint = name_complaint(network)
        if complaint:
            raise SrcoreError(f"network: {complaint}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.network = _build_classifier(network)
        complaint = _unknown_layers(self.network, self.layers)
        if complaint:
            raise SrcoreError(f"layers: {complaint}")
        transforms = _published(network).transforms()
        for key, value in (("mean", transforms.mean), ("std", transforms.std)):
            self.register_buffer(key, torch.tensor(value).view(1, 3, 1, 1), persistent=False)
        if weights == "random":
            text = f"{network} with random weights: features mean nothing; use them in tests only"
            warnings.warn(text, RandomWeightsWarning, stacklevel=2)
        else:
            path = imagenet_file(network) if weights == "imagenet" else Path(weights)
            _load_classifier(self.network, path, network)
        self.requires_grad_(False).eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """``(N, 3, H, W)`` -> wanted outputs by name."""
        x = (image + 1) / 2 if self.range_norm else image
        if self.use_input_norm:
            x = (x - self.mean) / self.std
        try:
            return outputs_of(self.network, self.layers, x)
        except (RuntimeError, AssertionError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            raise SrcoreError(_unseen(self.name, image, error)) from error


def outputs_of(network: nn.Module, layers: Iterable[str], image: Tensor) -> dict[str, Tensor]:
    """Outputs of modules by name, of any shape, of the first call of each.

    Raises:
        SrcoreError: one is not computed, or is no tensor.
    """
    wanted = set(layers)
    maps: dict[str, Any] = {}
    with _noting(network, wanted, maps), contextlib.suppress(_AllThere):
        network(image)
    for name in sorted(wanted):
        if not isinstance(maps.get(name), Tensor):
            why = "gives no tensor" if name in maps else "is not computed in use"
            raise SrcoreError(f"layers: {shown(name)} {why}; name another one")
    return maps


@contextlib.contextmanager
def _noting(network: nn.Module, wanted: set[str], maps: dict[str, Any]) -> Iterator[None]:
    def note(name: str) -> Any:
        def keep(module: nn.Module, given: Any, output: Any) -> None:
            if name not in maps:
                # What comes next may change it in place.
                maps[name] = output.clone() if isinstance(output, Tensor) else output
            if len(maps) == len(wanted):
                raise _AllThere

        return keep

    modules = dict(network.named_modules())
    handles = [modules[name].register_forward_hook(note(name)) for name in wanted]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def name_complaint(network: str) -> str:
    """Why a name is not that of a classifier; empty if it is."""
    names = classifiers.list_models(module=classifiers)
    if network in names:
        return ""
    hint = closest(network, names)
    hint = hint and f"; {hint}"
    return f"expected vgg16, vgg19 or a classifier of torchvision, found {shown(network)}{hint}"


def layer_complaint(network: str, layers: Sequence[str], side: int) -> str:
    """Why a classifier has no such layers for images of that side; nothing is computed."""
    with on_meta(), torch.no_grad():
        model = _build_classifier(network).eval()
        complaint = _unknown_layers(model, layers)
        if complaint:
            return complaint
        image = torch.zeros(1, 3, side, side)
        try:
            outputs_of(model, layers, image)
        except SrcoreError as error:
            return str(error).removeprefix("layers: ")
        except (RuntimeError, AssertionError) as error:
            return _unseen(network, image, error)
    return ""


def imagenet_file(network: str) -> Path:
    """Find torchvision's file in PyTorch's cache; downloaded if it is not there."""
    url = _published(network).url
    return torchvision_file(url, f"{network}'s ImageNet weights", "set weights to its path")


def _published(network: str) -> Any:
    offered = classifiers.get_model_weights(network)
    return offered[_FIRST] if _FIRST in offered.__members__ else next(iter(offered))


def _build_classifier(network: str) -> nn.Module:
    with warnings.catch_warnings():
        # googlenet and inception_v3 are slow to draw and say so.
        warnings.filterwarnings("ignore", category=FutureWarning)
        model: nn.Module = classifiers.get_model(network, weights=None)
    if hasattr(model, "transform_input"):  # as published; torchvision sets it with its weights
        setattr(model, "transform_input", True)  # noqa: B010 - to type checkers it is a module
    return model


def _unknown_layers(model: nn.Module, layers: Iterable[str]) -> str:
    known = [name for name, _ in model.named_modules() if name]
    wrong = sorted(set(layers) - set(known))
    if not wrong:
        return ""
    top = ", ".join(name for name in known if "." not in name)
    hint = closest(wrong[0], known)
    hint = hint and f"; {hint}"
    return f"expected names of modules ({top}, and what is in them), found {shown(wrong[0])}{hint}"


def _unseen(network: str, image: Tensor, error: Exception) -> str:
    height, width = image.shape[-2:]
    size, reason = f"{width}x{height}", first_line(error)
    return f"{network} cannot see images of {size}: {reason}; choose other crops or layers"


def _load_classifier(model: nn.Module, path: Path, network: str) -> None:
    # Old files of DenseNets have names such as norm.1, which modules cannot have.
    state = {
        re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", key): tensor
        for key, tensor in read_checkpoint(path).state.items()
    }
    try:
        missing, _ = model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # other shapes
        reason = str(error).splitlines()[-1].strip()
        raise WeightsError(f"{path}: no weights of {network}: {reason}") from error
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing:
        raise WeightsError(f"{path}: {network} needs {missing[0]}; found nothing of that name")
