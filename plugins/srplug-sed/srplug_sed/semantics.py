"""Semantic maps of images by CLIP's ResNet (Radford et al. 2021, arXiv 2103.00020).

The network is open_clip's ``ModifiedResNet``, imported when one is built.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from srcore.errors import RandomWeightsWarning, SrcoreError, WeightsError, first_line
from srcore.options.declaration import defaults
from srcore.weights.containers import read_checkpoint, without_common_prefix
from srplug_sed.options import BatchNorm, SemanticsOptions, semantic_channels
from srplug_sed.torchscript import is_torchscript, read_torchscript

_DEFAULT = defaults(SemanticsOptions)

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)
_PREFIX = "visual."


class ClipSemantics(nn.Module):
    """Stem and the first stages of CLIP's modified ResNet-50; frozen.

    Always float32, whatever the precision of the training, and without graph.

    Args:
        weights: a file, ``"openai"`` (downloaded once and cached by open_clip) or ``"random"`` (for
            tests; the same values every time, with a warning). Files are OpenAI's TorchScript
            archive ``RN50.pt``, whose program is not run; safetensors or a state_dict of a whole
            CLIP model (keys ``visual.*``); or of its visual network alone. What is behind the stage
            is not needed and ignored.
        batch_norm: ``"frozen"`` uses running statistics. ``"batch"`` uses those of the images at
            hand, as the published program did, which never switched its extractor to evaluation
            mode; with ``train.accumulate`` that is a part of a batch.
        width: channels behind the stem.
        blocks: bottleneck blocks of the first three stages.
        last_blocks: bottleneck blocks of the fourth stage.
        stage: whose map is the result; the stem is number 0.

    Raises:
        SrcoreError: open_clip is not installed.
        WeightsError: weights that cannot be had or do not fit.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        weights: Literal["openai", "random"] | str | Path,
        batch_norm: BatchNorm = _DEFAULT.batch_norm,
        width: int = _DEFAULT.width,
        blocks: Sequence[int] = _DEFAULT.blocks,
        last_blocks: int = _DEFAULT.last_blocks,
        stage: int = 3,
    ) -> None:
        super().__init__()
        self.channels = semantic_channels(width, stage)
        self.stage = stage
        self.trunk = _trunk(width, (*blocks, last_blocks), stage)
        for name, value in (("mean", _MEAN), ("std", _STD)):
            self.register_buffer(name, torch.tensor(value).view(1, 3, 1, 1), persistent=False)
        if weights == "random":
            _randomize(self.trunk)
        else:
            _load_trunk(self.trunk, openai_file() if weights == "openai" else Path(weights))
        self.requires_grad_(False)
        self.train(batch_norm == "batch")

    @torch.no_grad()
    def forward(self, image: Tensor) -> Tensor:
        """RGB in [0, 1], ``(N, 3, H, W)`` -> the stage's non-negative map.

        Of the third stage ``(N, 16 * width, H / 16, W / 16)``.
        """
        with torch.autocast(image.device.type, enabled=False):
            x = (image.float() - self.mean) / self.std
            outputs = self.trunk.forward_intermediates(
                x, indices=[self.stage], intermediates_only=True
            )
        semantic: Tensor = outputs["image_intermediates"][0]
        return semantic


def _trunk(width: int, blocks: Sequence[int], stage: int) -> Any:
    """The network up to a stage; its tensors hold no values yet."""
    try:
        from open_clip.modified_resnet import ModifiedResNet
    except ImportError as error:
        raise SrcoreError(
            f"semantic discriminators need open_clip ({error}); pip install open_clip_torch"
        ) from error
    with torch.device("meta"):  # what is thrown away is most of the network
        trunk = ModifiedResNet(layers=list(blocks), output_dim=1, heads=1, width=width)
    for later in range(stage + 1, 5):
        setattr(trunk, f"layer{later}", nn.Identity())
    trunk.attnpool = nn.Identity()
    return trunk.to_empty(device="cpu")


def _randomize(trunk: nn.Module) -> None:
    text = "CLIP with random weights: its semantics mean nothing; use them in tests only"
    warnings.warn(text, RandomWeightsWarning, stacklevel=3)
    # Python shows a warning once per process; the log of every run should have it.
    logging.getLogger("srcore").warning(text)
    # Its own generator: every run and every process gets the same network.
    generator = torch.Generator().manual_seed(0)
    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.reset_parameters()


def _load_trunk(trunk: nn.Module, path: Path) -> None:
    tensors = (
        _visual(read_torchscript(path, _PREFIX)) if is_torchscript(path) else _read_visual(path)
    )
    state = {}
    for name, wanted in trunk.state_dict().items():
        tensor = tensors.get(name)
        if tensor is None and name.endswith("num_batches_tracked"):
            tensor = torch.zeros_like(wanted)  # counts only, and some exports leave it out
        if tensor is None or tensor.shape != wanted.shape:
            there = "nothing" if tensor is None else f"shape {tuple(tensor.shape)}"
            raise WeightsError(
                f"{path}: CLIP's visual network needs {name} of shape {tuple(wanted.shape)}; found "
                f"{there}{_other_sizes(tensors)}"
            )
        state[name] = tensor.to(wanted.dtype)  # OpenAI's file has half precision
    trunk.load_state_dict(state)


def _read_visual(path: Path) -> dict[str, Tensor]:
    return _visual(read_checkpoint(path).state)


def _visual(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The visual network's tensors, where they stand beside those of the text network."""
    visual = {name: value for name, value in state.items() if name.startswith(_PREFIX)}
    if not visual:
        return without_common_prefix(state)
    return {name.removeprefix(_PREFIX): value for name, value in visual.items()}


def _other_sizes(tensors: dict[str, Tensor]) -> str:
    """The settings of a network of other sizes."""
    last = tensors.get("conv3.weight")
    if last is None or "layer3.0.conv1.weight" not in tensors:
        return "; it holds no CLIP ResNet"
    blocks = [_stage_blocks(tensors, f"layer{stage}") for stage in (1, 2, 3)]
    return f"; it holds a network of semantics.width = {len(last)}, semantics.blocks = {blocks}"


def _stage_blocks(state: dict[str, Tensor], stage: str) -> int:
    return len({name.split(".")[1] for name in state if name.startswith(f"{stage}.")})


def openai_file() -> Path:
    """The file of OpenAI's weights, which open_clip downloads and caches.

    Raises:
        WeightsError: they cannot be downloaded; says which file to name.
    """
    from open_clip.pretrained import download_pretrained, get_pretrained_cfg

    config = get_pretrained_cfg("RN50", "openai")
    try:
        return Path(download_pretrained(config))
    except (OSError, RuntimeError) as error:  # no connection; a download with another hash
        raise WeightsError(
            f"CLIP's weights could not be downloaded ({first_line(error)}); set "
            f"discriminator.semantics.weights to a file: RN50.pt from {config['url']}"
        ) from error
