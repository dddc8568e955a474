"""Rewriting a weights file in another dialect or format."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import attrs
import torch

from srcore.atomic import write_bytes
from srcore.errors import WeightsError
from srcore.options import keywords
from srcore.weights.containers import read_checkpoint
from srcore.weights.dialects import Recognised, find_dialect
from srcore.weights.loading import build_network, check_complete, identify, network_options
from srcore.weights.saving import Metadata, save_safetensors, write_tensors

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
    """

    network: str
    scale: int
    source_dialect: str
    key: str
    target: str


def convert(
    source: str | Path,
    target: str | Path,
    to: str,
    *,
    key: str | None = None,
    scale: int | None = None,
) -> Conversion:
    """Translate a generator's weights.

    Args:
        source: weights file in any known dialect.
        target: file to write; ``.safetensors``, or ``.pth``, ``.pt``, ``.ckpt`` for PyTorch.
        to: a name of :data:`FORMATS`, or a dialect such as ``basicsr`` or ``old_esrgan``.
        key: entry of the source, such as ``"params"``; by default EMA weights come first.
        scale: expected scale; tells x3 from x2 where the file does not.

    Raises:
        WeightsError: unknown or incomplete source, unknown dialect, or an unfit file name.
    """
    source, target = Path(source), Path(target)
    checkpoint = read_checkpoint(source, key=key)
    recognised = identify(checkpoint, scale=scale)
    if scale not in (None, recognised.scale):
        raise WeightsError(f"{source}: holds x{recognised.scale} weights; expected x{scale}")
    check_complete(recognised, build_network(recognised, source=str(source)), source=str(source))
    if to in FORMATS:
        FORMATS[to](recognised, target)
    else:
        to = _write_dialect(recognised, target, to)
    return Conversion(
        recognised.network, recognised.scale, recognised.dialect or "native", checkpoint.key, to
    )


def _write_safetensors(recognised: Recognised, target: Path) -> None:
    if target.suffix != SAFETENSORS:
        raise WeightsError(f"{target}: expected a name that ends in {SAFETENSORS}")
    save_safetensors(target, recognised.state, _metadata(recognised))


#: Formats beside the dialects: name -> writer.
FORMATS: dict[str, Callable[[Recognised, Path], None]] = {"safetensors": _write_safetensors}


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
