"""Networks of the published program: ``G_<it>.pth`` and ``D_<it>.pth``.

Both are bare state_dicts whose names are the networks' own. What names and shapes do not tell
is the order of the colors (the program works on blue, green, red), the activation and the residual
scalings; :func:`import_generator` takes them and writes a file that says everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from srcore.errors import WeightsError
from srcore.files.replacing import refuse_replacing
from srcore.plugin.registry import Registry
from srcore.weights.containers import read_checkpoint
from srcore.weights.dialects import Dialect, Options, Recognized, State, count, without
from srcore.weights.loading import build_network, check_complete, network_options
from srcore.weights.saving import GeneratorMetadata, save_safetensors
from srplug_esrdgan.options import RGB

_DENSE = "model.1.module.{}.rdbs.0.conv1.conv.0.weight"
_UP = "model.{}.upconv.1.weight"
_FIRST, _FUSION = "model.0.weight", "model.1.module.0.rdbs.0.LFF.weight"


def _matches(state: Mapping[str, Tensor]) -> bool:
    return _FIRST in state and _FUSION in state and _DENSE.format(0) in state


def _infer_options(state: Mapping[str, Tensor], scale: int | None) -> Options:
    stages = count(state, _UP, start=2)
    last_but_one = state.get(f"model.{2 + stages}.weight")
    features, channels = state[_FIRST].shape[:2]
    return {
        "scale": 2**stages,
        "num_features": features,
        "num_blocks": count(state, _DENSE),
        "growth_channels": state[_DENSE.format(0)].shape[0],
        "fusion_kernel_size": state[_FUSION].shape[-1],
        "hr_kernel_size": 3 if last_but_one is None else last_but_one.shape[-1],
        **({} if channels == RGB else {"channels": channels}),
    }


def _unchanged(state: Mapping[str, Tensor], *_: Any) -> State:
    return dict(state)


#: The generator; its own names are the published ones. Where all kernels are 3x3 the core's
#: dialect of RRDBNet fits as well and comes first for files that do not name their network.
OFFICIAL = Dialect(
    network="esrdgan",
    matches=_matches,
    infer_options=_infer_options,
    to_native=_unchanged,
    from_native=_unchanged,
    exported=True,
    closed=without("ESRDGAN"),
    bgr=True,
)


def import_generator(source: Path, target: Path, registry: Registry, **options: Any) -> Recognized:
    """Write a published generator as a safetensors file that names its network and options.

    Args:
        source: ``G_<it>.pth``.
        target: ``.safetensors`` file.
        registry: knows the network.
        options: of :class:`srplug_esrdgan.networks.ESRDGANGenerator`, where the file does not
            tell them: ``channel_order``, ``activation``, ``dense_scaling``, ``block_scaling``.

    Returns:
        What was found.

    Raises:
        WeightsError: not such a generator, incomplete, or unknown options.
        ReplacedInputError: source and target are one file.
    """
    if target.suffix != ".safetensors":
        raise WeightsError(f"{target}: expected a name that ends in .safetensors")
    refuse_replacing([source], [target])
    checkpoint = read_checkpoint(source)
    if not _matches(checkpoint.state):
        raise WeightsError(
            f"{source}: holds no ESRDGAN generator (its keys begin with "
            f"{', '.join(list(checkpoint.state)[:3])})"
        )
    recognized = Recognized(
        "esrdgan", _infer_options(checkpoint.state, None) | options, checkpoint.state, "official"
    )
    network = build_network(recognized, registry, source=str(source))
    check_complete(recognized, network, registry, source=str(source))
    typed = network_options(recognized, registry, source=str(source))
    written = {name: getattr(typed, name) for name in recognized.options if name != "scale"}
    save_safetensors(
        target, recognized.state, GeneratorMetadata("esrdgan", written, recognized.scale), registry
    )
    return recognized
