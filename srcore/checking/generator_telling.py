"""A generator that is named by its weights alone: the file tells type, options and scale.

    [generator]
    weights = "4x-UltraSharp.pth"

is what the file holds, as if it stood in the experiment. Keys that do stand there win.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srcore.config.paths import STAGE_PREFIX
from srcore.config.reading import SourcedText, parse_experiment
from srcore.errors import ConfigError, Problem, SrcoreError, WeightsError
from srcore.models.addresses import is_address
from srcore.models.resolving import weights_file
from srcore.plugin.registry import Registry

if TYPE_CHECKING:
    from srcore.weights.dialects import Recognized

KEY = "generator.weights"


def told_by_weights(table: Mapping[str, Any], registry: Registry, origin: str) -> dict[str, Any]:
    """The table of a stage with what the weights of its generator tell, where it names no type.

    Args:
        table: as read; not changed.
        registry: knows how weights are read.
        origin: of the key, for messages.

    Raises:
        ConfigError: the file cannot be read, or nobody knows what it holds.
    """
    generator = table.get("generator")
    if not isinstance(generator, dict) or "type" in generator:
        return dict(table)
    file = start_file(generator, registry)
    if file is None:
        return dict(table)
    try:
        weights = held(file, registry, scale=_whole_or_none(table.get("scale")))
    except WeightsError as error:
        raise ConfigError([Problem(KEY, str(error), origin)]) from error
    told = settings(weights)
    return {"scale": weights.scale, **table, "generator": {**told, **generator}}


def told_by_run(table: Mapping[str, Any], written: Path) -> dict[str, Any]:
    """The table of a stage that goes on though the weights are gone that told its generator.

    Args:
        table: as read; not changed.
        written: the experiment in the folder of the stage that goes on.
    """
    generator = table.get("generator")
    if not isinstance(generator, dict) or "type" in generator or "weights" not in generator:
        return dict(table)
    if not written.is_file():
        return dict(table)
    known = parse_experiment(written)
    return {"scale": known.get("scale"), **table, "generator": {**known["generator"], **generator}}


def start_file(table: Mapping[str, Any], registry: Registry) -> Path | None:
    """The file that a table of a network names, if it is there; no model is fetched."""
    text = table.get("weights")
    if not isinstance(text, str) or text.startswith(STAGE_PREFIX):
        return None
    if is_address(text):
        with contextlib.suppress(SrcoreError):  # said where its table is converted
            return weights_file(text, registry)
        return None
    path = Path(text)
    if isinstance(text, SourcedText):
        path = text.base / path
    return path if path.is_file() else None


def held(file: Path, registry: Registry, *, scale: int | None = None) -> Recognized:
    """What a file of weights holds.

    Raises:
        WeightsError: it cannot be read, or nobody knows.
    """
    # torch: only where an experiment asks what a file holds
    from srcore.weights.containers import left_on_disk, read_checkpoint
    from srcore.weights.loading import identify, network_options

    with left_on_disk():
        recognized = identify(read_checkpoint(file), registry, scale=scale)
    network_options(recognized, registry, source=str(file))
    return recognized


def settings(recognized: Recognized) -> dict[str, Any]:
    """The table of the network that weights belong to."""
    options = {key: value for key, value in recognized.options.items() if key != "scale"}
    return {"type": recognized.network, **{k: v for k, v in options.items() if v is not None}}


def _whole_or_none(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
