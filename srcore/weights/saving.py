"""Writing weights: safetensors that name their network, and that other programs open too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

import srcore
from srcore.errors import WeightsError
from srcore.files.atomic import write_bytes
from srcore.messages import shown
from srcore.moved import renamed
from srcore.plugin.registry import Registry
from srcore.weights.dialects import exported_dialect

_NETWORK, _OPTIONS, _SCALE, _VERSION = "network", "options", "scale", "srcore_version"
_ITERATION, _STATE, _EXPERIMENT = "iteration", "state", "experiment"


@attrs.frozen
class GeneratorMetadata:
    """What srcore writes beside the tensors of a generator.

    Attributes:
        network: registered name of the network type.
        options: its options, those of the experiment file without ``type`` and ``scale``.
        scale: factor between input and output sides.
        version: version of srcore that wrote the file.
        iteration: how long a run had trained it; None outside of runs.
        state: hash of the state that it was made of (:mod:`srcore.runs.exports`).
        experiment: hash of the resolved experiment (:mod:`srcore.runs.experiment_hash`).
    """

    network: str
    options: dict[str, Any]
    scale: int
    version: str = srcore.__version__
    iteration: int | None = None
    state: str = ""
    experiment: str = ""

    def to_text(self) -> dict[str, str]:
        """As entries of a safetensors file."""
        entries = {
            "format": "pt",
            _NETWORK: self.network,
            _OPTIONS: json.dumps(self.options, default=str),
            _SCALE: str(self.scale),
            _VERSION: self.version,
        }
        if self.iteration is not None:
            entries |= {_ITERATION: str(self.iteration), _STATE: self.state}
        if self.experiment:
            entries[_EXPERIMENT] = self.experiment
        return entries

    @classmethod
    def from_text(
        cls, entries: Mapping[str, str], source: str = "weights"
    ) -> GeneratorMetadata | None:
        """From entries of a safetensors file; None if srcore did not write it.

        Raises:
            WeightsError: srcore's entries are there but cannot be understood.
        """
        if _VERSION not in entries:
            return None
        try:
            return cls(
                entries[_NETWORK],
                dict(json.loads(entries[_OPTIONS])),
                int(entries[_SCALE]),
                entries[_VERSION],
                int(entries[_ITERATION]) if _ITERATION in entries else None,
                entries.get(_STATE, ""),
                entries.get(_EXPERIMENT, ""),
            )
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise WeightsError(
                f"{source}: its srcore metadata is damaged ({shown(error)})"
            ) from error


def save_safetensors(
    path: str | Path, state: Mapping[str, Tensor], metadata: GeneratorMetadata, registry: Registry
) -> None:
    """Write a network's weights, atomically, for srcore and for other programs at once.

    The names become those of the dialect that the network's own distribution exports
    (:func:`srcore.weights.dialects.exported_dialect`), so that the field's programs read the file
    (spandrel opens RRDBNet and SwinIR). Equal weights and metadata make equal files.

    Args:
        path: the file; an existing one is replaced.
        state: ``network.state_dict()``, on any device.
        metadata: what makes the network again.
        registry: knows how its distribution writes it.

    Raises:
        DataError: the folder is read-only, the disk is full, ...
    """
    dialect = exported_dialect(registry, metadata.network)
    if dialect is not None:
        state = dialect.written(state, {**metadata.options, "scale": metadata.scale})
    write_tensors(path, state, metadata)


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], metadata: GeneratorMetadata | None = None
) -> None:
    """Write tensors under the names they have, atomically; raises as above."""
    # Tensors that share memory (tied weights, views) would be refused: copies never do.
    copies = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in tensors.items()
    }
    entries = {"format": "pt"} if metadata is None else metadata.to_text()
    write_bytes(Path(path), _sorted(safetensors.torch.save(copies, metadata=entries)))


def _sorted(content: bytes) -> bytes:
    """A safetensors file with its metadata in the order of their names.

    The library writes them in the order of a hash map with a new seed in every process.
    """
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def read_metadata(path: str | Path) -> GeneratorMetadata | None:
    """What srcore wrote beside the tensors; None for files of other programs.

    Raises:
        WeightsError: the file is no safetensors file.
    """
    try:
        with safe_open(path, "pt") as file:
            return GeneratorMetadata.from_text(file.metadata() or {}, str(path))
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a readable safetensors file ({error})") from error


__getattr__ = renamed(__name__, {"Metadata": "GeneratorMetadata"})
