"""From a weights file to a ready generator, or into a network that exists already."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor, nn

from srcore.capabilities import RGB, capability
from srcore.config.invalid import Invalid
from srcore.config.schema import MAX_SCALE
from srcore.config.structure import Structurer
from srcore.errors import SrcoreError, WeightsError, cause
from srcore.messages import shown
from srcore.plugin.registry import Registry
from srcore.plugin.targets import resolve
from srcore.weights.bounds import build_bounded, check_tensors, check_types
from srcore.weights.containers import Checkpoint, FileRole, read_checkpoint, without_common_prefix
from srcore.weights.deploying import deployed
from srcore.weights.dialects import (
    Recognized,
    UnknownArchitectureError,
    convert_to_native,
    read_as,
    recognize,
    recognize_aligned,
)
from srcore.weights.report import KeyReport, report_keys
from srcore.weights.saving import GeneratorMetadata
from srcore.weights.use import with_options
from srcore.weights.wrappers import without_prefixes

logger = logging.getLogger("srcore")


def build_generator(
    checkpoint: Checkpoint,
    registry: Registry,
    device: str | torch.device = "cpu",
    *,
    scale: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> nn.Module:
    """Build the generator of a checkpoint, see :func:`srcore.load_generator`.

    Raises:
        WeightsError: nothing here knows the network, it lacks weights, or its scale or options are
            not what was asked for.
    """
    source = checkpoint.source
    try:
        recognized = identify(checkpoint, registry, scale=scale)
        recognized = with_options(recognized, options or {}, registry, source)
        network = build_network(recognized, registry, source=source)
        check_complete(recognized, network, registry, source=source)
        network.load_state_dict(recognized.state)
    except UnknownArchitectureError as error:
        if options:
            raise WeightsError(f"{error}; its options cannot be chosen") from error
        network = _foreign_network(checkpoint, registry, error)
    if scale not in (None, network.scale):
        raise WeightsError(f"{source}: holds x{network.scale} weights; expected x{scale}")
    ready: nn.Module = network.to(device).eval()
    return ready


def load_into(
    network: nn.Module,
    weights: str | Path | Mapping[str, Tensor],
    registry: Registry,
    *,
    network_type: str,
    key: str | None = None,
    role: FileRole = "generator",
    strict: bool = True,
    partial: bool = False,
) -> KeyReport:
    """Initialize a network, in place, from weights in any dialect known for its type.

    Args:
        network: generator or discriminator.
        weights: a file, or tensors by name.
        registry: knows how weights are read.
        network_type: registered name of the network.
        key: entry of the file, such as ``"params"``.
        role: which network to take from a file that holds both.
        strict: refuse files with missing or unexpected tensors.
        partial: copy what has an equal name and shape, and keep the rest of the network as it is;
            so an x2 model initializes an x3 or x4 one.

    Returns:
        What fits and what does not.

    Raises:
        WeightsError: the file is unreadable, belongs to another network type, or does not fit.
    """
    checkpoint = _as_checkpoint(weights, key, role)
    recognized, report = fit_weights(
        network, checkpoint, registry, network_type=network_type, strict=strict, partial=partial
    )
    fitting = {name: recognized.state[name] for name in report.fitting}
    network.load_state_dict(fitting, strict=False)
    if not report.complete:
        logger.warning("%s", report.explanation())
    return report


def fit_weights(
    network: nn.Module,
    checkpoint: Checkpoint,
    registry: Registry,
    *,
    network_type: str,
    strict: bool = True,
    partial: bool = False,
) -> tuple[Recognized, KeyReport]:
    """What :func:`load_into` would load; nothing is changed, and tensors need no values.

    Returns:
        The weights under the network's own names, and what of them fits.

    Raises:
        WeightsError: they are of another network type, or do not fit.
    """
    own = network.state_dict()
    scale = capability("network", network, "scale")
    recognized = _as_type(checkpoint, registry, network_type, scale, own)
    check_types(checkpoint.source, recognized.state, own)
    report = _key_report(checkpoint.source, recognized, network, registry)
    refused = bool(report.reshaped) or (strict and not report.complete)
    if (refused and not partial) or not report.fitting:
        raise WeightsError(report.explanation())
    return recognized, report


def identify(checkpoint: Checkpoint, registry: Registry, *, scale: int | None = None) -> Recognized:
    """Network type, options and native tensors of a checkpoint; srcore's own metadata first.

    Raises:
        UnknownArchitectureError: neither metadata nor a dialect tells what it is.
    """
    metadata = GeneratorMetadata.from_text(checkpoint.metadata, checkpoint.source)
    if metadata is None:
        source = checkpoint.source
        return convert_to_native(checkpoint.state, registry, scale=scale, source=source)
    options = {**metadata.options, "scale": metadata.scale}
    recognized = recognize(checkpoint.state, registry, network=metadata.network)
    if recognized is None:
        return Recognized(metadata.network, options, checkpoint.state)
    name, dialect = recognized
    read = read_as(dialect, checkpoint.state, name, metadata.scale, checkpoint.source)
    return attrs.evolve(read, options=options)


def build_network(recognized: Recognized, registry: Registry, *, source: str = "weights") -> Any:
    """Make the network of recognized weights, with its initial values.

    Of a network with ``deploy()`` an export holds what that returns, which is what is made then.

    Raises:
        WeightsError: options that the installed version of the network does not know.
    """
    options = network_options(recognized, registry, source=source)
    component = registry.get("network", recognized.network)

    def build() -> nn.Module:
        return _as_saved(component.build(options, scale=recognized.scale), recognized.state)

    try:
        return build_bounded(
            build,
            recognized.state,
            {**recognized.options, "scale": recognized.scale},
            source,
        )
    except SrcoreError:
        raise
    except Exception as error:  # settings of a damaged or invented file reach a constructor
        raise WeightsError(
            f"{source}: cannot build its {recognized.network}: {cause(error)}"
        ) from error


def _as_saved(network: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    if set(state) == set(network.state_dict()):
        return network
    merged = deployed(network)
    return merged if set(state) == set(merged.state_dict()) else network


def network_options(recognized: Recognized, registry: Registry, *, source: str = "weights") -> Any:
    """The options of recognized weights as the network's own class, defaults filled in.

    Raises:
        WeightsError: options that the installed version of the network does not know.
    """
    try:
        component = registry.get("network", recognized.network)
    except SrcoreError as error:
        raise WeightsError(f"{source}: {error}") from error
    if not 1 <= recognized.scale <= MAX_SCALE:
        raise WeightsError(f"{source}: its scale is {recognized.scale}; expected 1 to {MAX_SCALE}")
    options = {name: value for name, value in recognized.options.items() if name != "scale"}
    try:
        return Structurer(registry).structure_table(options, component.options)
    except Invalid as error:
        problems = "; ".join(map(str, error.problems))
        raise WeightsError(f"{source}: cannot build its {recognized.network}: {problems}") from None


def check_complete(
    recognized: Recognized, network: nn.Module, registry: Registry, *, source: str = "weights"
) -> None:
    """Refuse weights that are not exactly those of a network.

    Raises:
        UnknownArchitectureError: there are tensors that the network does not have.
        WeightsError: tensors are missing or have other shapes.
    """
    report = _key_report(source, recognized, network, registry)
    if report.unexpected:
        raise UnknownArchitectureError(report.explanation())
    if not report.complete:
        raise WeightsError(report.explanation())
    check_types(source, recognized.state, network.state_dict())


def _as_checkpoint(
    weights: str | Path | Mapping[str, Tensor], key: str | None, role: FileRole = "generator"
) -> Checkpoint:
    if isinstance(weights, Mapping):
        state = without_common_prefix(weights)
        check_tensors("weights", state, None)
        return Checkpoint("weights", state)
    return read_checkpoint(weights, key=key, role=role)


def _as_type(
    checkpoint: Checkpoint,
    registry: Registry,
    network_type: str,
    scale: int | None,
    own: Mapping[str, Tensor],
) -> Recognized:
    """The checkpoint as weights of a wanted network type; names of no dialect are kept."""
    state, recognized = recognize_aligned(checkpoint.state, registry, network=network_type)
    if recognized is not None:
        name, dialect = recognized
        try:
            return read_as(dialect, state, name, scale, checkpoint.source)
        except UnknownArchitectureError as error:
            raise WeightsError(str(error)) from error
    other = recognize(checkpoint.state, registry)
    metadata = GeneratorMetadata.from_text(checkpoint.metadata, checkpoint.source)
    held = metadata.network if metadata else other[1].network if other else network_type
    if held != network_type:
        raise WeightsError(
            f"{checkpoint.source}: holds weights of {held}, but the network is {network_type}"
        )
    for candidate in without_prefixes(checkpoint.state):
        if not own.keys().isdisjoint(candidate):
            return Recognized(network_type, {}, dict(candidate))
    return Recognized(network_type, {}, checkpoint.state)


def _key_report(
    source: str, recognized: Recognized, network: nn.Module, registry: Registry
) -> KeyReport:
    own = {
        name: value
        for name, value in network.state_dict().items()
        if not name.endswith(recognized.computed)
    }
    report = report_keys(
        recognized.state,
        own,
        source=source,
        network=recognized.network,
        dialect=recognized.dialect,
    )
    if report.complete:
        return report
    scale = capability("network", network, "scale")
    return attrs.evolve(report, differences=_differing_settings(recognized, own, scale, registry))


def _differing_settings(
    recognized: Recognized,
    network_state: Mapping[str, Tensor],
    scale: int | None,
    registry: Registry,
) -> dict[str, tuple[Any, Any]]:
    """Settings told by the shapes of the file that differ from those of the network's shapes."""
    recognized_own = recognize(network_state, registry, network=recognized.network)
    if recognized_own is None:
        return {}
    # Files of RGB networks do not name their channels; what else one side lacks is not known.
    file, own = (
        {"channels": RGB, **told}
        for told in (recognized.options, recognized_own[1].infer_options(network_state, scale))
    )
    return {
        name: (value, own[name])
        for name, value in file.items()
        if name in own and own[name] != value
    }


def _foreign_network(
    checkpoint: Checkpoint, registry: Registry, error: UnknownArchitectureError
) -> Any:
    """What another program makes of a file; each that cannot adds to what is wrong."""
    for name, (target, owner) in registry.readers().items():
        try:
            return resolve(target, f"reader of weights {shown(name)}", owner)(checkpoint, error)
        except UnknownArchitectureError as refusal:
            error = refusal
    raise error
