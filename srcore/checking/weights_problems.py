"""Why weights files of an experiment would be refused when it is run, told before it is."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from srcore.capabilities import option_capability
from srcore.config.paths import inputs_are_there, is_pending, path_complaint
from srcore.config.schema import DiscriminatorTable, Experiment, GeneratorTable, NetworkTable
from srcore.config.selections import selections
from srcore.config.start_weights import weights_key
from srcore.contracts import Role
from srcore.errors import Problem, WeightsError
from srcore.options import Selected
from srcore.plugin.registry import Registry
from srcore.weights.containers import FileRole, left_on_disk, read_checkpoint
from srcore.weights.loading import fit_weights
from srcore.weights.without_memory import built_without_memory

StartTable = GeneratorTable | DiscriminatorTable | NetworkTable


def weights_problems(
    experiment: Experiment, registry: Registry, *, continued: bool = False
) -> Iterator[Problem]:
    """Files that networks start from, or that other parts read, and that do not fit.

    Args:
        experiment: a stage; files that are not there, or that an earlier stage writes, are left
            to others.
        registry: knows how weights are read.
        continued: it goes on from a checkpoint, so what trained networks started from is not read.
    """
    for name, role, table in starting(experiment):
        if not (continued and role.trained):
            for message in _misfit(role, table, experiment.scale, registry):
                yield Problem(weights_key(name), message)
    for path, selected in selections(experiment):
        declared = option_capability(selected.options, "unfit_weights")
        if declared is not None and inputs_are_there(selected.options):
            for key, message in declared(experiment):
                yield Problem(f"{path}.{key}", message)


def starting(experiment: Experiment) -> Iterator[tuple[str, Role, StartTable]]:
    """Networks whose files of weights are there: name, role, table."""
    for name, role in experiment.roles().items():
        table = experiment.network_table(name)
        weights = None if table is None else table.weights
        if table is None or weights is None or is_pending(weights):
            continue
        if not path_complaint(weights, "file"):
            yield name, role, table


def _misfit(role: Role, table: StartTable, scale: int, registry: Registry) -> Iterator[str]:
    assert table.weights is not None
    file_role: FileRole = "discriminator" if role.kind == "discriminator" else "generator"
    try:
        with left_on_disk():
            checkpoint = read_checkpoint(table.weights, role=file_role)
        network = _bare_network(role, table.selected, scale)
        if network is not None:
            fit_weights(
                network,
                checkpoint,
                registry,
                network_type=table.selected.type,
                partial=table.partial_weights,
            )
    except WeightsError as error:
        yield str(error)


def _bare_network(role: Role, selected: Selected, scale: int) -> nn.Module | None:
    """The network without memory; None if it cannot be made so, or not without a download."""
    wanted = option_capability(selected.options, "pretrained")
    if any(not it.is_here for it in (wanted() if wanted is not None else ())):
        return None
    context = {"scale": scale} if role.kind == "network" else {}
    network: nn.Module | None = built_without_memory(lambda: selected.build(**context))
    return network
