"""Rewriting a weights file in another dialect or format, or as a program."""

from __future__ import annotations

import math
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import torch

from srcore.config.plain_tables import as_table
from srcore.errors import WeightsError
from srcore.exporting.programs import PROGRAMS, ProgramOptions, check_precision, written_files
from srcore.files.atomic import write_bytes
from srcore.files.replacing import refuse_replacing
from srcore.options.declaration import defaults
from srcore.plugin.handing import once_without_registry
from srcore.plugin.registry import Registry
from srcore.weights.containers import read_checkpoint
from srcore.weights.deploying import deployed
from srcore.weights.dialects import Dialect, Recognized, exported_dialect, find_dialect
from srcore.weights.loading import build_network, check_complete, identify, network_options
from srcore.weights.saving import GeneratorMetadata, save_safetensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from srcore.exporting.export import Agreement

_DEFAULT = defaults(ProgramOptions)

SAFETENSORS = ".safetensors"
SAFETENSORS_FORMAT = "safetensors"
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
        lost: options that the written weights do not tell: name -> (value, what a reader of the
            file assumes instead). The weights are whole; whoever reads them must be told.
        closed: why spandrel, on which chaiNNer and other programs stand, does not open the written
            weights; empty: it does, or nobody tried.
    """

    network: str
    scale: int
    source_dialect: str
    key: str
    target: str
    agreement: Agreement | None = None
    lost: dict[str, tuple[Any, Any]] = attrs.field(factory=dict)
    closed: str = ""


@attrs.frozen
class _RecognizedNetwork:
    """Recognized weights, and their network with its initial values."""

    recognized: Recognized
    network: nn.Module
    metadata: GeneratorMetadata
    registry: Registry


@once_without_registry(3)
def convert(
    source: str | Path,
    target: str | Path,
    to: str,
    registry: Registry,
    *,
    key: str | None = None,
    scale: int | None = None,
    opset: int | None = _DEFAULT.opset,
    precision: str = _DEFAULT.precision,
    calibration: Path | None = None,
    tell: Callable[[str], object] | None = None,
) -> Conversion:
    """Translate a generator's weights, or export the generator as a program.

    Args:
        source: weights file in any known dialect.
        target: file to write; ``.safetensors``, or ``.pth``, ``.pt``, ``.ckpt`` for PyTorch;
            for programs see :data:`srcore.exporting.programs.PROGRAMS`.
        to: ``safetensors``, the name of a program, or a dialect such as ``basicsr`` or
            ``old_esrgan``.
        registry: knows networks and dialects.
        key: entry of the source, such as ``"params"``; by default EMA weights come first.
        scale: expected scale; tells x3 from x2 where the file does not.
        opset: version of ONNX's operators; by default what PyTorch writes.
        precision: of the numbers of a program: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        calibration: folder of images by which the steps of ``"int8"`` are chosen.
        tell: called with what is done next where a program is written.

    What is written is read back before it takes the place of ``target``.

    Raises:
        WeightsError: unknown or incomplete source, unknown dialect, an unfit file name, a network
            that cannot be exported (see :func:`srcore.exporting.export.export_program`), or a
            dialect that does not give back the weights that it was given.
        MissingExtraError: packages for the format are not installed.
        ReplacedInputError: source and target are one file.
    """
    source, target = Path(source), Path(target)
    check_precision(to, precision, is_calibrated=calibration is not None)
    refuse_replacing([source], written_files(target, to))
    checkpoint = read_checkpoint(source, key=key)
    recognized = identify(checkpoint, registry, scale=scale)
    if scale not in (None, recognized.scale):
        raise WeightsError(f"{source}: holds x{recognized.scale} weights; expected x{scale}")
    if opset is not None and to != "onnx":
        raise WeightsError(f"opset: means the operators of ONNX; {to} has none")
    network = build_network(recognized, registry, source=str(source))
    check_complete(recognized, network, registry, source=str(source))
    done = Conversion(
        recognized.network,
        recognized.scale,
        recognized.dialect or "native",
        checkpoint.key,
        to,
    )
    content = _RecognizedNetwork(
        recognized, network, _network_metadata(recognized, registry), registry
    )
    if to in PROGRAMS:
        given: dict[str, Any] = {"opset": opset, "precision": precision}
        given |= {} if tell is None else {"tell": tell}
        return attrs.evolve(done, agreement=_export_source(to, content, target, calibration, given))
    write, dialect = _write_safetensors, exported_dialect(registry, recognized.network)
    if to != SAFETENSORS_FORMAT:
        name, dialect = find_dialect(registry, to, recognized.network)
        write, done = partial(_write_dialect, dialect), attrs.evolve(done, target=name)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / target.name
        write(content, written, target)
        lost = _lost_options(content, written, target, done.target)
        write_bytes(target, written.read_bytes())
    return attrs.evolve(done, lost=lost, closed=_closed(dialect, content.metadata))


def _closed(dialect: Dialect | None, about: GeneratorMetadata) -> str:
    """Why spandrel does not open what was written."""
    if dialect is None:
        return ""
    return dialect.closed({**about.options, "scale": about.scale})


def _lost_options(
    source: _RecognizedNetwork, written: Path, target: Path, to: str
) -> dict[str, tuple[Any, Any]]:
    """Options that a written file does not give back; refuses one with other weights."""
    given = source.recognized
    back = identify(read_checkpoint(written), source.registry, scale=given.scale)
    differing = [
        name
        for name in given.state.keys() | back.state.keys()
        if not name.endswith(given.computed + back.computed)
        and not _came_back(given.state.get(name), back.state.get(name))
    ]
    if (back.network, back.scale) != (given.network, given.scale):
        wrong = f"as {back.network} x{back.scale}"
    elif differing:
        wrong = f"with other tensors ({', '.join(sorted(differing)[:3])})"
    else:
        options, again = source.metadata.options, _network_metadata(back, source.registry).options
        return {
            name: (value, again.get(name))
            for name, value in options.items()
            if not _close(value, again.get(name))
        }
    raise WeightsError(
        f"{target}: not written: {given.network} x{given.scale} in dialect {to} is read back "
        f"{wrong}"
    )


def _came_back(given: torch.Tensor | None, back: torch.Tensor | None) -> bool:
    return given is not None and back is not None and torch.equal(given, back)


def _close(given: Any, back: Any) -> bool:
    """Whether two values of an option mean the same; numbers may have passed through float32."""
    if isinstance(given, (list, tuple)) and isinstance(back, (list, tuple)):
        return len(given) == len(back) and all(map(_close, given, back))
    if isinstance(given, float) and isinstance(back, float):
        return math.isclose(given, back, rel_tol=1e-5, abs_tol=1e-6)
    return bool(given == back)


def _write_safetensors(source: _RecognizedNetwork, written: Path, target: Path) -> None:
    if target.suffix != SAFETENSORS:
        raise WeightsError(f"{target}: expected a name that ends in {SAFETENSORS}")
    save_safetensors(written, source.recognized.state, source.metadata, source.registry)


def _export_source(
    to: str,
    source: _RecognizedNetwork,
    target: Path,
    calibration: Path | None,
    given: dict[str, Any],
) -> Agreement:
    from srcore.exporting.export import export_program
    from srcore.inference.backends.calibration import calibration_images

    source.network.load_state_dict(source.recognized.state)
    network = deployed(source.network).eval()
    images = () if calibration is None else calibration_images(network, calibration)
    return export_program(network, target, to, source.metadata, calibration=images, **given)


def _write_dialect(
    dialect: Dialect, source: _RecognizedNetwork, written: Path, target: Path
) -> None:
    options = {**source.metadata.options, "scale": source.metadata.scale}
    state = dialect.written(source.recognized.state, options)
    if target.suffix == SAFETENSORS:
        write_tensors(written, state, source.metadata)
    elif target.suffix in PYTORCH:
        torch.save({dialect.container: state} if dialect.container else state, written)
    else:
        endings = ", ".join((SAFETENSORS, *PYTORCH))
        raise WeightsError(f"{target}: expected a name that ends in one of {endings}")


def _network_metadata(recognized: Recognized, registry: Registry) -> GeneratorMetadata:
    options = as_table(network_options(recognized, registry))
    return GeneratorMetadata(recognized.network, options, recognized.scale)
