"""Whether a network can start from what an earlier stage trains, told before either is trained.

Both are built without memory (on the device ``meta``) and what the one exports is fitted into the
other as the run will do it, so that the answer is the run's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn

from srcore.config.plain_tables import as_table
from srcore.config.start_weights import StageNetwork
from srcore.errors import WeightsError
from srcore.plugin.registry import Registry
from srcore.weights.containers import Checkpoint
from srcore.weights.deploying import deployed
from srcore.weights.dialects import UnknownArchitectureError
from srcore.weights.loading import fit_weights
from srcore.weights.report import report_keys
from srcore.weights.saving import GeneratorMetadata
from srcore.weights.without_memory import built_without_memory


def can_start(
    own: StageNetwork,
    trained: StageNetwork,
    registry: Registry,
    *,
    partial: bool = False,
    exported: bool = True,
) -> bool | None:
    """Whether a network can be loaded with the weights of another one; None: nobody can tell yet.

    Args:
        own: the network that is to start.
        trained: the one of an earlier stage.
        registry: knows how weights are read.
        partial: load what fits.
        exported: from the file for use; else from a checkpoint.
    """
    network, earlier = (
        _exported_without_memory(own),
        _exported_without_memory(trained, exported=exported),
    )
    if network is None or earlier is None:
        return None
    about = GeneratorMetadata(
        trained.selected.type, as_table(trained.selected.options), trained.scale
    )
    metadata = about.to_text() if exported else {}
    file = Checkpoint("weights", earlier.state_dict(), metadata=metadata)
    try:
        fit_weights(network, file, registry, network_type=own.selected.type, partial=partial)
    except WeightsError as error:
        is_unread = isinstance(error.__cause__, UnknownArchitectureError)
        # Some dialects read values, which are not here: names and shapes tell it then.
        is_same = own.selected.type == trained.selected.type
        return is_unread and is_same and _agree(earlier, network, partial=partial)
    return True


def _agree(trained: nn.Module, own: nn.Module, *, partial: bool) -> bool:
    report = report_keys(trained.state_dict(), own.state_dict())
    return bool(report.fitting) and (partial or report.complete)


def decisive(
    own: StageNetwork, trained: StageNetwork, registry: Registry
) -> Iterator[tuple[str, Any, Any]]:
    """Settings of two networks of one type that make the weights unfit: key, trained, own.

    Those that do so alone; all that differ if it takes several.
    """
    theirs, ours = trained.settings, own.settings
    differing = [(key, theirs[key], ours[key]) for key in ours if ours[key] != theirs[key]]
    alone = [
        entry
        for entry in differing
        if can_start(trained.having(entry[0], own), trained, registry) is False
    ]
    yield from alone or differing


def _exported_without_memory(own: StageNetwork, *, exported: bool = False) -> nn.Module | None:
    """The network, or what is exported of it; None if it cannot be built so."""

    def build() -> nn.Module:
        network: nn.Module = own.selected.build(scale=own.scale)
        return deployed(network) if exported else network

    made: nn.Module | None = built_without_memory(build)
    return made
