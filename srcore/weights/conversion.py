"""Rewriting a weights file in another dialect or format, or as a program."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import torch

from srcore.atomic import write_bytes
from srcore.errors import WeightsError
from srcore.options import keywords
from srcore.weights.containers import read_checkpoint
from srcore.weights.dialects import Recognised, find_dialect
from srcore.weights.loading import build_network, check_complete, identify, network_options
from srcore.weights.saving import Metadata, save_safetensors, write_tensors

if TYPE_CHECKING:
    from torch import nn

    from srcore.weights.export import Agreement

SAFETENSORS = ".safetensors"
PYTORCH = (".pth", ".pt", ".ckpt")


@attrs.frozen
class Conversion:
    """What was converted.

    Attributes:
        network: registered name of the network type.
        scale: factor between input and output sides.
        source_dialect: how the file was written.
        key: entry of the file that held the weights; empty: at the top level.
        target: dialect or format that was written.
        agreement: how an exported program compares with PyTorch; None for weights.
    """

    network: str
    scale: int
    source_dialect: str
    key: str
    target: str
    agreement: Agreement | None = None


@attrs.frozen
class _Source:
    """Recognised weights, and their network with its initial values."""

    recognised: Recognised
    network: nn.Module
    metadata: Metadata


def convert(
    source: str | Path,
    target: str | Path,
    to: str,
    *,
    key: str | None = None,
    scale: int | None = None,
    opset: int | None = None,
) -> Conversion:
    """Translate a generator's weights, or export the generator as a program.

    Args:
        source: weights file in any known dialect.
        target: file to write; ``.safetensors``, or ``.pth``, ``.pt``, ``.ckpt`` for PyTorch;
            ``.onnx``, ``.pt`` or ``.ts`` (TorchScript), ``.pt2`` (torch.export) for programs.
        to: a name of :data:`FORMATS`, or a dialect such as ``basicsr`` or ``old_esrgan``.
        key: entry of the source, such as ``"params"``; by default EMA weights come first.
        scale: expected scale; tells x3 from x2 where the file does not.
        opset: version of ONNX's operators; by default what PyTorch writes.

    Raises:
        WeightsError: unknown or incomplete source, unknown dialect, an unfit file name, or a
            network that cannot be exported (see :func:`srcore.weights.export.export`).
        MissingExtraError: packages for ONNX are not installed.
    """
    source, target = Path(source), Path(target)
    checkpoint = read_checkpoint(source, key=key)
    recognised = identify(checkpoint, scale=scale)
    if scale not in (None, recognised.scale):
        raise WeightsError(f"{source}: holds x{recognised.scale} weights; expected x{scale}")
    if opset is not None and to != "onnx":
        raise WeightsError(f"opset: means the operators of ONNX; {to} has none")
    network = build_network(recognised, source=str(source))
    check_complete(recognised, network, source=str(source))
    agreement = None
    if to in FORMATS:
        content = _Source(recognised, network, _metadata(recognised))
        agreement = FORMATS[to](content, target, opset)
    else:
        to = _write_dialect(recognised, target, to)
    return Conversion(
        recognised.network,
        recognised.scale,
        recognised.dialect or "native",
        checkpoint.key,
        to,
        agreement,
    )


def _write_safetensors(source: _Source, target: Path, opset: int | None) -> None:
    if target.suffix != SAFETENSORS:
        raise WeightsError(f"{target}: expected a name that ends in {SAFETENSORS}")
    save_safetensors(target, source.recognised.state, source.metadata)


def _export(to: str, source: _Source, target: Path, opset: int | None) -> Agreement:
    from srcore.weights.export import export

    source.network.load_state_dict(source.recognised.state)
    return export(source.network, target, to, source.metadata, opset=opset)


#: Formats beside the dialects: name -> writer.
FORMATS: dict[str, Callable[[_Source, Path, int | None], Agreement | None]] = {
    "safetensors": _write_safetensors,
    **{name: partial(_export, name) for name in ("onnx", "torchscript", "torch_export")},
}


def _write_dialect(recognised: Recognised, target: Path, to: str) -> str:
    name, dialect = find_dialect(to, recognised.network)
    options = {**_metadata(recognised).options, "scale": recognised.scale}
    state = dialect.from_native(recognised.state, options)
    if target.suffix == SAFETENSORS:
        write_tensors(target, state, _metadata(recognised))
    elif target.suffix in PYTORCH:
        buffer = io.BytesIO()
        torch.save({dialect.container: state} if dialect.container else state, buffer)
        write_bytes(target, buffer.getvalue())
    else:
        endings = ", ".join((SAFETENSORS, *PYTORCH))
        raise WeightsError(f"{target}: expected a name that ends in one of {endings}")
    return name


def _metadata(recognised: Recognised) -> Metadata:
    options = keywords(network_options(recognised))
    return Metadata(recognised.network, options, recognised.scale)
