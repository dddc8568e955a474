"""Weights of others that a run downloads: found, or fetched, before its first stage starts.

A run of several stages must not train for days to learn in its last stage that the machine is
offline. Options say by ``pretrained(self)`` what their component will want.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from srcore.capabilities import option_capability
from srcore.errors import WeightsError
from srcore.options.declaration import InvalidOptionError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from srcore.config.schema import Experiment
    from srcore.options import Selected


@attrs.frozen
class Pretrained:
    """A file of weights that comes from elsewhere.

    Attributes:
        what: for messages, such as ``"VGG19's ImageNet weights (575 MB)"``.
        fetch: ``"package.module:function"`` without arguments that downloads the file unless it is
            there, and raises WeightsError; empty: building the component does.
        file: where it lies once it was downloaded; None: only ``fetch`` knows.
    """

    what: str
    fetch: str = ""
    file: Path | None = None

    @property
    def is_here(self) -> bool:
        """Whether the file is known to be there."""
        return self.file is not None and self.file.is_file()


def hub_file(name: str) -> Path:
    """Where PyTorch keeps a file that it has downloaded; torch is not imported for this."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("TORCH_HOME") or os.path.join(base, "torch")
    return Path(os.path.expanduser(home)) / "hub" / "checkpoints" / name


def vgg16_weights() -> tuple[Pretrained, ...]:
    """The file that torchvision's VGG16 downloads."""
    fetch, file = "srcore.networks.vgg_features:vgg16_file", hub_file("vgg16-397923af.pth")
    return (Pretrained("VGG16's ImageNet weights (553 MB)", fetch, file),)


def vgg19_weights() -> tuple[Pretrained, ...]:
    """The file that torchvision's VGG19 downloads."""
    fetch, file = "srcore.networks.vgg_features:imagenet_file", hub_file("vgg19-dcbb9e9d.pth")
    return (Pretrained("VGG19's ImageNet weights (575 MB)", fetch, file),)


def alexnet_weights() -> tuple[Pretrained, ...]:
    """The file that torchvision's AlexNet downloads."""
    fetch, file = "srcore.metrics.lpips_alex:alexnet_file", hub_file("alexnet-owt-7be5be79.pth")
    return (Pretrained("AlexNet's ImageNet weights (244 MB)", fetch, file),)


def check_file(weights: str, file: Path | None) -> None:
    """Refuse options that name a file of weights without ``weights = "file"``, and the reverse.

    Raises:
        InvalidOptionError: one without the other.
    """
    if (file is not None) != (weights == "file"):
        there = "none" if file is None else str(file)
        raise InvalidOptionError(
            "file",
            f'expected a weights file if and only if weights = "file"; found weights = '
            f'"{weights}" and file = {there}',
        )


def torchvision_file(url: str, what: str, otherwise: str) -> Path:
    """Find a file of torchvision in PyTorch's cache; downloaded if it is not there.

    Args:
        url: its address; the name ends with the start of its SHA-256.
        what: for messages.
        otherwise: what to do where it cannot be downloaded; ``{}`` is the file's name.

    Raises:
        WeightsError: it cannot be had.
    """
    import torch

    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rpartition("-")[2])
    except (OSError, RuntimeError) as error:  # no connection; a download with another hash
        raise WeightsError(
            f"{what} could not be downloaded ({error}); put {path.name} from {url} into "
            f"{path.parent}, or {otherwise.format(path.name)}"
        ) from error
    return path


def fill(network: nn.Module, tensors: Mapping[str, Tensor], wants: str) -> None:
    """Copy tensors into the parameters of a network.

    Args:
        network: every parameter of it is filled.
        tensors: by the parameters' names; others are left out.
        wants: begins the message, such as ``"x.pth: VGG19 needs "``; the name follows.

    Raises:
        WeightsError: one is missing, or has another shape.
    """
    for name, parameter in network.named_parameters():
        tensor = tensors.get(name)
        if tensor is None or tensor.shape != parameter.shape:
            what = "nothing" if tensor is None else f"shape {tuple(tensor.shape)}"
            raise WeightsError(f"{wants}{name} of shape {tuple(parameter.shape)}; found {what}")
        parameter.data.copy_(tensor)


def missing(experiments: Iterable[Experiment]) -> list[Pretrained]:
    """What is not known to be there, each once."""
    wanted = (entry for experiment in experiments for _, entry in _wanted(experiment))
    return list(dict.fromkeys(entry for entry in wanted if not entry.is_here))


def fetch_missing(experiments: Iterable[Experiment]) -> None:
    """Download what is not there.

    Raises:
        SrcoreError: it cannot be had; says what to do.
    """
    from srcore.plugin.targets import resolve

    done: set[Pretrained] = set()
    for experiment in experiments:
        for selected, entry in _wanted(experiment):
            if entry in done or entry.is_here:
                continue
            if entry.fetch:
                resolve(entry.fetch, entry.what, selected.component.owner)()
            else:
                selected.build()
            done.add(entry)


def _wanted(experiment: Experiment) -> Iterator[tuple[Selected, Pretrained]]:
    from srcore.config.selections import selections

    for _, selected in selections(experiment):
        declared = option_capability(selected.options, "pretrained")
        for entry in declared() if declared is not None else ():
            if not entry.fetch:  # one class of options may serve several components
                entry = attrs.evolve(entry, what=f'{entry.what} of "{selected.type}"')
            yield selected, entry
