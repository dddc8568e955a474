"""The networks of a method: each with all that training does to it, in one object."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import torch
from ignite import distributed as idist
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.contracts import Role
from srcore.engine.ema import ExponentialAverage
from srcore.engine.recomputing import recompute_
from srcore.errors import SrcoreError
from srcore.optimization.matching import matching, unmatched
from srcore.plugin.calling import check_seen
from srcore.weights.deploying import deployed

if TYPE_CHECKING:
    from srcore.config.schema import (
        DiscriminatorTable,
        Experiment,
        GeneratorTable,
        NetworkTable,
        TrainTable,
    )
    from srcore.contracts import Batch
    from srcore.engine.updater import Updater
    from srcore.plugin.registry import Registry

logger = logging.getLogger("srcore")

#: What is trained beside the networks of a method: modules of losses.
LOSS_PART = Role(kind="module", compiled=False)


@attrs.define(eq=False)
class RoleNetwork:
    """A network in its role.

    Attributes:
        name: name of the role: ``generator``, ``discriminator``, ``teacher``, ...
        role: what the method declared of it.
        network: the plain network, for state, evaluation and export.
        wrapped: what a method calls: compiled and distributed as asked for.
        inputs: differentiable transforms of what a discriminator sees, in order.
        distributed: what exchanges gradients with other processes; None with one process.
        updater: its optimizer; None if it is not trained.
        average: its running average, or None.
    """

    name: str
    role: Role
    network: nn.Module
    wrapped: Any
    inputs: list[Any] = attrs.field(factory=list)
    distributed: nn.parallel.DistributedDataParallel | None = None
    updater: Updater | None = None
    average: ExponentialAverage | None = None

    @property
    def best(self) -> nn.Module:
        """What is validated and exported: the average if there is one, else the network."""
        return self.average.network if self.average is not None else self.network

    def exported_state(self, state: Mapping[str, Tensor] | None = None) -> Mapping[str, Tensor]:
        """Tensors to be exported: of what it is now, or of an earlier state."""
        if state is None:
            return deployed(self.best).state_dict()
        if capability("network", self.best, "deploy") is None:
            return state
        earlier = copy.deepcopy(self.best)
        earlier.load_state_dict(state)
        return deployed(earlier).state_dict()

    def evaluated(self) -> dict[str, Tensor] | None:
        """Weights to be used, if only the optimizer averages them; None otherwise."""
        if self.updater is None or self.average is not None or not self.updater.averages:
            return None
        with self.updater.evaluating():
            return {name: value.clone() for name, value in self.network.state_dict().items()}

    def beside(self, batch: Batch, generator: torch.Generator) -> dict[str, Any]:
        """What the network sees beside ``lr`` of a training batch, as keywords of ``forward``.

        Args:
            batch: what the network may make a condition of, without graph.
            generator: draws the fields, for every image anew.
        """
        network: Any = self.network
        lr, given = batch["lr"], {}
        if capability("network", network, "condition") is not None:
            with torch.no_grad():
                given["condition"] = network.condition(batch)
        if capability("network", network, "draw") is not None:
            size = (int(lr.shape[-2]), int(lr.shape[-1]))
            drawn = [network.draw(size, generator) for _ in range(len(lr))]
            for name in drawn[0]:
                given[name] = torch.stack([fields[name] for fields in drawn]).to(lr.device)
        check_seen(network, given)
        return given

    @contextlib.contextmanager
    def frozen(self) -> Iterator[nn.Module]:
        """The plain network without gradients for its parameters inside the block."""
        changed = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        for parameter in changed:
            parameter.requires_grad_(False)
        try:
            yield self.network
        finally:
            for parameter in changed:
                parameter.requires_grad_(True)

    def unsynchronized(self) -> contextlib.AbstractContextManager[Any]:
        """Several processes do not exchange this network's gradients inside the block."""
        return contextlib.nullcontext() if self.distributed is None else self.distributed.no_sync()


def build_roles(
    experiment: Experiment, device: torch.device, registry: Registry, *, continued: bool = False
) -> dict[str, RoleNetwork]:
    """All networks in the order of the method, so that each draws the same initial values.

    Args:
        experiment: of the stage.
        device: where they are placed.
        registry: knows how weights are read.
        continued: a checkpoint follows; what trained networks started from is not read again.
    """
    tables = {name: experiment.network_table(name) for name in experiment.roles()}
    roles: dict[str, RoleNetwork] = {}
    for name, role in experiment.roles().items():
        table = tables[name]
        assert table is not None, name  # the checks before a run refuse it
        roles[name] = build_role(
            name,
            role,
            table,
            scale=experiment.scale,
            device=device,
            channels_last=experiment.train.channels_last,
        )
    for name, made in roles.items():
        table = tables[name]
        assert table is not None
        freeze_(made.network, table.frozen)
        if not (continued and made.role.trained):
            load_weights(made, table, registry)
        if made.role.trained and name == "generator" and asked_again(experiment):
            recompute_(made.network)
        finish_role(made, experiment.train)
    return roles


def asked_again(experiment: Experiment) -> bool:
    """Whether the generator's blocks are to be computed again in the backward pass."""
    return experiment.generator is not None and experiment.generator.checkpointing


def build_role(
    name: str,
    role: Role,
    table: GeneratorTable | DiscriminatorTable | NetworkTable,
    *,
    scale: int,
    device: torch.device,
    channels_last: bool,
) -> RoleNetwork:
    """Make the network of a table and place it; weights, average and optimizer come later."""
    context = {"scale": scale} if role.kind == "network" else {}
    network = place(table.selected.build(**context), device, channels_last=channels_last)
    made = RoleNetwork(name, role, network, network)
    made.inputs = [selected.build() for selected in table.inputs]
    for transform in made.inputs:
        if isinstance(transform, nn.Module):
            transform.to(device)
    return made


def place(network: nn.Module, device: torch.device, *, channels_last: bool) -> nn.Module:
    """Move a network to a device and its kernels into a memory format; in training mode."""
    network = network.to(device)
    if channels_last:
        # Parameters only: DDP cannot broadcast a lone buffer with such strides in place.
        for parameter in network.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.to(memory_format=torch.channels_last)
    return network.train()


def freeze_(network: nn.Module, patterns: Sequence[str]) -> None:
    """Parameters of these names are not trained; statistics of normalization follow nonetheless.

    Raises:
        SrcoreError: a pattern that matches none.
    """
    named = dict(network.named_parameters())
    for pattern in patterns:
        names = matching(pattern, named)
        if not names:
            raise SrcoreError(f"frozen: {unmatched(pattern, named)}")
        for name in names:
            named[name].requires_grad_(False)


def load_weights(
    made: RoleNetwork,
    table: GeneratorTable | DiscriminatorTable | NetworkTable,
    registry: Registry,
) -> None:
    """Start from the weights that the table names, if it names any."""
    from srcore.weights.loading import load_into

    if table.weights is not None:
        load_into(
            made.network,
            table.weights,
            registry,
            network_type=table.selected.type,
            role="discriminator" if made.role.kind == "discriminator" else "generator",
            partial=table.partial_weights,
        )


def finish_role(made: RoleNetwork, train: TrainTable) -> None:
    """Freeze it or keep an average, distribute and compile it, as its role and ``train`` say."""
    if not made.role.trained:
        made.network.eval().requires_grad_(False)
    if made.role.ema and train.ema_decay > 0:
        made.average = ExponentialAverage(
            made.network, train.ema_decay, warmup=train.ema_warmup, copy_buffers=True
        )
    made.wrapped = made.network
    if made.role.trained and idist.get_world_size() > 1:
        device = next(made.network.parameters()).device
        idle = parameters_without_gradient(made.network) if made.role.kind == "network" else []
        if idle:
            logger.info(
                "%s: %d parameters get no gradient, such as %s", made.name, len(idle), idle[0]
            )
        made.wrapped = made.distributed = nn.parallel.DistributedDataParallel(
            made.network,
            device_ids=[device] if device.type == "cuda" else None,
            find_unused_parameters=bool(idle),
        )
    if made.role.compiled and train.compile:
        made.wrapped = torch.compile(made.wrapped)


def parameters_without_gradient(network: nn.Module) -> list[str]:
    """Names of trained parameters that a small image does not reach, found on a copy.

    Distributed training waits for the gradient of every parameter; it must know that some never
    come. A network that cannot be probed counts as one that uses all.
    """
    copied = copy.deepcopy(network).train()
    parameter = next(copied.parameters())
    channels = int(capability("network", network, "in_channels"))
    with torch.random.fork_rng(), torch.enable_grad():
        image = torch.rand(1, channels, 32, 32, device=parameter.device, dtype=parameter.dtype)
        try:
            torch.autograd.backward(copied(image).sum())
        except (AttributeError, RuntimeError, TypeError, ValueError):
            return []
    trained = [(name, value) for name, value in copied.named_parameters() if value.requires_grad]
    return [name for name, value in trained if value.grad is None]
