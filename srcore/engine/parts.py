"""The parts of a training stage: networks, losses, optimisers, transforms."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import torch
from ignite import distributed as idist
from torch import Tensor, nn

from srcore.contracts import LossContext
from srcore.devices import at_least_float32
from srcore.engine.ema import ExponentialAverage
from srcore.engine.seeding import derive, seed_everything
from srcore.engine.seeding import generator as seeded_generator
from srcore.engine.updater import Updater
from srcore.errors import SrcoreError
from srcore.plugin_manager import plugins

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from srcore.config.schema import Experiment, LossTable
    from srcore.contracts import Batch

_DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
_INIT_STREAM, _ITERATION_STREAM, _TRANSFORM_STREAM, _METHOD_STREAM = 10, 11, 12, 13


class NonFiniteLossError(SrcoreError):
    """A loss term is NaN or infinite."""


@attrs.frozen
class LossTerm:
    """A configured loss: its name in logs, its weight, and what computes it."""

    label: str
    weight: float
    loss: Any


class Parts:
    """Everything that an iteration works with; built from an experiment.

    Attributes:
        experiment: the stage's experiment.
        device: where it computes.
        generator: callable network (compiled and distributed as asked for).
        generator_module: the plain network behind it, for state and evaluation.
        discriminator, discriminator_module: likewise, None without a discriminator.
        ema: running average of the generator, or None.
        losses: all loss terms in the order of the file.
        updaters: one per trained network: ``generator``, ``discriminator``.
        transforms: batch transforms in the order of the file.
        iteration: 1-based number of the present iteration.
        random: generator of the method's own draws (labels, noise), reseeded every iteration.
    """

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        assert experiment.generator is not None
        self.experiment = experiment
        self.device = device
        self.iteration = 0
        self.train = experiment.train
        seed_everything(experiment.seed, _INIT_STREAM)
        self.generator_module = self._network(
            experiment.generator.choice.build(scale=experiment.scale)
        )
        self.discriminator_module: nn.Module | None = None
        self.discriminator_inputs: list[Any] = []
        if experiment.discriminator is not None:
            self.discriminator_module = self._network(experiment.discriminator.choice.build())
            self.discriminator_inputs = [s.build() for s in experiment.discriminator.inputs]
        self._load_weights()
        self.ema = (
            ExponentialAverage(self.generator_module, self.train.ema_decay)
            if experiment.uses_ema
            else None
        )
        self.generator: Any = self._callable(self.generator_module, compiled=self.train.compile)
        self.discriminator: Any = None
        if self.discriminator_module is not None:
            self.discriminator = self._callable(self.discriminator_module, compiled=False)
        self.losses = [self._loss(table) for table in experiment.losses]
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.train.precision == "float16")
        self.updaters = {"generator": self._updater("generator", self.generator_module)}
        if self.discriminator_module is not None:
            self.updaters["discriminator"] = self._updater(
                "discriminator", self.discriminator_module
            )
        table = experiment.data.train
        self.transforms = [
            selected.build(scale=experiment.scale)
            for selected in (table.transforms if table else ())
        ]
        self._move_transforms()
        self.random = seeded_generator(device, experiment.seed, _METHOD_STREAM)
        self.transform_random = seeded_generator(device, experiment.seed, _TRANSFORM_STREAM)

    @property
    def progress(self) -> float:
        """Iteration over iterations of the stage, in (0, 1]."""
        return self.iteration / self.train.iterations

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Plain networks by name, the averaged generator included."""
        found = {"generator": self.generator_module}
        if self.discriminator_module is not None:
            found["discriminator"] = self.discriminator_module
        if self.ema is not None:
            found["ema"] = self.ema.network
        return found

    @property
    def best_generator(self) -> nn.Module:
        """What is validated and exported: the average if there is one, else the generator."""
        return self.ema.network if self.ema is not None else self.generator_module

    def begin(self, iteration: int, *, watch_norm: bool) -> None:
        """Prepare an iteration: seeds, learning rates, gradients."""
        self.iteration = iteration
        seed = self.experiment.seed
        rank = idist.get_rank()
        seed_everything(seed, _ITERATION_STREAM, iteration, rank)
        for random, stream in (
            (self.random, _METHOD_STREAM),
            (self.transform_random, _TRANSFORM_STREAM),
        ):
            random.manual_seed(derive(seed, stream, iteration, rank))
        for updater in self.updaters.values():
            updater.begin(iteration, self.train.accumulate, watch_norm=watch_norm)

    def transform(self, batch: Batch) -> Batch:
        """Apply the batch transforms in order, without graph."""
        with torch.no_grad():
            for transform in self.transforms:
                batch = transform(batch, self.transform_random)
        return self.formatted(batch)

    def formatted(self, batch: Batch) -> Batch:
        """The batch in the memory format of the experiment."""
        if not self.train.channels_last:
            return batch
        return {
            name: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value
            for name, value in batch.items()
        }

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Autocast in the precision of the experiment."""
        dtype = _DTYPES.get(self.train.precision)
        if dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=dtype)

    @contextlib.contextmanager
    def part(self, index: int) -> Iterator[None]:
        """One part of a batch; processes exchange gradients only in the last."""
        is_last = index == self.train.accumulate - 1
        for updater in self.updaters.values():
            updater.is_last_part = is_last
        with contextlib.ExitStack() as stack:
            for network in (self.generator, self.discriminator):
                if not is_last and hasattr(network, "no_sync"):
                    stack.enter_context(network.no_sync())
            yield

    def context(self, batch: Batch, sr: Tensor) -> LossContext:
        """What losses see; computes the EMA output if some loss needs it."""
        ema_sr = None
        if self.ema is not None and "ema_sr" in self.experiment.needs():
            with torch.no_grad(), self.autocast():
                ema_sr = at_least_float32(self.ema.network(batch["lr"]))
        return LossContext(
            batch=batch,
            sr=at_least_float32(sr),
            iteration=self.iteration,
            progress=self.progress,
            ema_sr=ema_sr,
            extras={"generator": self.random},
        )

    def generator_terms(
        self, context: LossContext, skip: Callable[[LossTerm], bool] = lambda term: False
    ) -> dict[str, Tensor]:
        """Weighted generator terms by name, in the order of the file."""
        return {
            term.label: term.weight * term.loss(context)
            for term in self.losses
            if getattr(term.loss, "has_generator_term", True) and not skip(term)
        }

    def update_generator(self, terms: Mapping[str, Tensor]) -> None:
        """Back-propagate the sum of the terms and step the generator's optimiser."""
        self.require_finite(terms)
        total = (
            torch.stack(list(terms.values())).sum()
            if len(terms) > 1
            else next(iter(terms.values()))
        )
        self.updaters["generator"].backward(total)
        self.updaters["generator"].step()

    def require_finite(self, terms: Mapping[str, Tensor]) -> None:
        """Raise NonFiniteLossError naming the first bad term; all processes decide alike."""
        values = torch.stack([value.detach().float() for value in terms.values()])
        finite = torch.isfinite(values).to(torch.uint8)
        if idist.get_world_size() > 1:
            torch.distributed.all_reduce(finite, torch.distributed.ReduceOp.PRODUCT)
        if bool(finite.all()):
            return
        bad = [name for name, ok in zip(terms, finite.tolist(), strict=True) if not ok]
        shown = ", ".join(f'"{name}" is {float(terms[name].detach()):g}' for name in bad)
        raise NonFiniteLossError(f"iteration {self.iteration}: loss term {shown}")

    def _network(self, network: nn.Module) -> nn.Module:
        network = network.to(self.device)
        if self.train.channels_last:
            # Parameters only: DDP cannot broadcast a lone buffer with such strides in place.
            for parameter in network.parameters():
                if parameter.ndim == 4:
                    parameter.data = parameter.data.to(memory_format=torch.channels_last)
        return network.train()

    def _callable(self, network: nn.Module, *, compiled: bool) -> Any:
        wrapped: Any = network
        if idist.get_world_size() > 1:
            wrapped = nn.parallel.DistributedDataParallel(
                network,
                device_ids=[self.device] if self.device.type == "cuda" else None,
            )
        return torch.compile(wrapped) if compiled else wrapped

    def _load_weights(self) -> None:
        from srcore.weights.loading import load_into

        generator, discriminator = self.experiment.generator, self.experiment.discriminator
        if generator is not None and generator.weights is not None:
            load_into(
                self.generator_module,
                generator.weights,
                network_type=generator.choice.type,
                partial=generator.partial_weights,
            )
        if discriminator is not None and discriminator.weights is not None:
            assert self.discriminator_module is not None
            load_into(
                self.discriminator_module,
                discriminator.weights,
                network_type=discriminator.choice.type,
                role="discriminator",
            )

    def _loss(self, table: LossTable) -> LossTerm:
        loss = table.choice.build()
        if isinstance(loss, nn.Module):
            loss = loss.to(self.device).requires_grad_(False)
        return LossTerm(table.label, table.weight, loss)

    def _updater(self, name: str, network: nn.Module) -> Updater:
        registry = plugins().registry
        table = self.experiment.optimizer.get(name)
        parameters = [p for p in network.parameters() if p.requires_grad]
        if table is not None:
            optimizer = table.choice.build(parameters=parameters)
        else:
            adam = registry.get("optimizer", "adam")
            optimizer = adam.build(adam.options(), parameters=parameters)
        schedule = self.experiment.schedule.get(name)
        return Updater(
            network,
            optimizer,
            schedule.choice.build() if schedule is not None else None,
            self.scaler,
            table.clip_gradient_norm if table is not None else None,
        )

    def _move_transforms(self) -> None:
        for transform in [*self.transforms, *self.discriminator_inputs]:
            if isinstance(transform, nn.Module):
                transform.to(self.device)


def is_finite(network: nn.Module) -> bool:
    """Whether all parameters of a network are finite numbers."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in network.parameters())
