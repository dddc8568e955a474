"""The parts of a training stage: networks, losses, optimizers, transforms."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from ignite import distributed as idist
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.contracts import LossContext
from srcore.engine.batch_pieces import in_channels_last
from srcore.engine.finiteness import require_finite
from srcore.engine.loss_scale import LossScale
from srcore.engine.roles import build_roles
from srcore.engine.terms import LossTerm, build_term, scalar, trained_parts
from srcore.engine.transforming import build_transforms, transformed
from srcore.engine.updater import Updater, build_updater
from srcore.machine.devices import at_least_float32, autocast
from srcore.plugin.calling import call, checked_result
from srcore.plugin.watching import watched
from srcore.seeding import Randomness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from srcore.config.schema import Experiment
    from srcore.contracts import Batch
    from srcore.engine.ema import ExponentialAverage
    from srcore.plugin.registry import Registry


class Parts:
    """Everything that an iteration works with; built from an experiment.

    Args:
        experiment: the stage's experiment.
        device: where it computes.
        registry: knows how weights are read.
        continued: a checkpoint follows; what trained networks started from is not read again.

    Attributes:
        experiment: the stage's experiment.
        device: where it computes.
        roles: the networks of the method by name, ``generator`` first.
        losses: all loss terms in the order of the file.
        updaters: one per trained network, and per part that a loss trains.
        transforms: batch transforms in the order of the file.
        iteration: 1-based number of the present iteration.
        logged: what losses logged, until :meth:`take_logged`.
        drawn: generator of the fields that a sampling network sees, reseeded every iteration.
        random: generator of the method's own draws (labels, noise), reseeded every iteration.
    """

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        registry: Registry,
        *,
        continued: bool = False,
    ) -> None:
        self.experiment = experiment
        self.device = device
        self.iteration = 0
        self.logged: dict[str, Tensor] = {}
        self.train = experiment.train
        self._randomness = Randomness(experiment.seed, device)
        self.roles = build_roles(experiment, device, registry, continued=continued)
        self.losses = [build_term(table, device) for table in experiment.losses]
        self.loss_parts = trained_parts(experiment.losses, self.losses)
        self.loss_scale = LossScale(enabled=self.train.precision == "float16")
        self.updaters: dict[str, Updater] = {}
        for name, made in (*self.roles.items(), *self.loss_parts.items()):
            if made.role.trained:
                updater = build_updater(experiment, name, made.network, self.loss_scale)
                made.updater = self.updaters[name] = updater
        for made in self.loss_parts.values():
            self.updaters[made.name].exchanges_gradients = True
        self.transforms = build_transforms(experiment, device)
        self._beside: dict[str, Any] = {}  # the average sees what the generator saw
        self.drawn, self.random = self._randomness.fields, self._randomness.method

    @property
    def generator(self) -> Any:
        """The generator as methods call it: compiled and distributed as asked for."""
        return self.roles["generator"].wrapped

    @property
    def generator_module(self) -> nn.Module:
        """The plain generator, for state and evaluation."""
        return self.roles["generator"].network

    @property
    def discriminator(self) -> Any:
        """The discriminator as methods call it; None without one."""
        return self.roles["discriminator"].wrapped if "discriminator" in self.roles else None

    @property
    def discriminator_module(self) -> nn.Module | None:
        """The plain discriminator; None without one."""
        return self.roles["discriminator"].network if "discriminator" in self.roles else None

    @property
    def ema(self) -> ExponentialAverage | None:
        """The running average of the generator."""
        return self.roles["generator"].average

    @property
    def progress(self) -> float:
        """Iteration over iterations of the stage, in (0, 1]."""
        return self.iteration / self.train.iterations

    @property
    def networks(self) -> dict[str, nn.Module]:
        """Plain networks that change, by name: the trained ones and all averages.

        The generator's average is ``ema``, that of another network ``NAME_ema``.
        """
        averages = {name: average.network for name, average in self.averages.items()}
        return {**self.trained, **averages}

    @property
    def trained(self) -> dict[str, nn.Module]:
        """Plain networks that are trained, by role, and the trained parts of losses."""
        everything = (*self.roles.values(), *self.loss_parts.values())
        return {made.name: made.network for made in everything if made.role.trained}

    @property
    def averages(self) -> dict[str, ExponentialAverage]:
        """Running averages by their names among the :attr:`networks`."""
        return {
            "ema" if made.name == "generator" else f"{made.name}_ema": made.average
            for made in self.roles.values()
            if made.average is not None
        }

    @property
    def best_generator(self) -> nn.Module:
        """What is validated and exported: the average if there is one, else the generator."""
        return self.roles["generator"].best

    def update_averages(self) -> None:
        """At the end of an iteration: move all running averages, towards the weights to be used."""
        with watched("average", self):
            for made in self.roles.values():
                if made.average is not None:
                    updater = made.updater
                    with contextlib.nullcontext() if updater is None else updater.evaluating():
                        made.average.update()

    def begin(self, iteration: int, *, watch_norm: bool) -> None:
        """Prepare an iteration: seeds, learning rates, gradients."""
        self.iteration = iteration
        self.logged.clear()  # of an iteration that was skipped
        self._beside = {}
        self._randomness.begin(iteration, idist.get_rank())
        for updater in self.updaters.values():
            updater.begin(iteration, self.train.accumulate, watch_norm=watch_norm)

    def transform(self, batch: Batch) -> Batch:
        """Apply the batch transforms in order, without graph.

        Raises:
            NonFiniteLossError: where bad iterations may be skipped, a transform's result is not
                finite.
        """
        require = self.require_finite if self.train.nan_skips else None
        with watched("transforms", self):
            batch = transformed(batch, self.transforms, self._randomness.transforms, require)
            return in_channels_last(batch) if self.train.channels_last else batch

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Autocast in the precision of the experiment."""
        return autocast(self.device, self.train.precision)

    @contextlib.contextmanager
    def piece(self, index: int) -> Iterator[None]:
        """One piece of a batch; processes exchange gradients only in the last."""
        is_last = index == self.train.accumulate - 1
        for updater in self.updaters.values():
            updater.is_last_piece = is_last
        with contextlib.ExitStack() as stack:
            if not is_last:
                for made in self.roles.values():
                    stack.enter_context(made.unsynchronized())
            yield

    def enlarge(self, batch: Batch) -> Any:
        """The old name of :meth:`upscale`."""
        text = "Parts.enlarge is now upscale; the old name goes away in srcore 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self.upscale(batch)

    def upscale(self, batch: Batch, **more: Any) -> Any:
        """What the generator makes of ``lr``, with condition and fields where it has them.

        Args:
            batch: with ``lr`` ``(N, C, h, w)``.
            more: what else its ``forward`` is given by name; its average is given the same.
        """
        made = self.roles["generator"]
        self._beside = made.beside(batch, self.drawn) | more
        return checked_result("network", made.network, made.wrapped(batch["lr"], **self._beside))

    def look(self, role: str, batch: Batch) -> Tensor:
        """What a frozen network, such as a teacher, makes of ``lr``: no graph, float32 at least.

        Args:
            role: its name.
            batch: with ``lr`` ``(N, C, h, w)``.
        """
        made = self.roles[role]
        with torch.no_grad(), self.autocast():
            output = made.wrapped(batch["lr"], **made.beside(batch, self.drawn))
        return at_least_float32(output)

    def context(self, batch: Batch, sr: Tensor) -> LossContext:
        """What losses see with ``sr`` ``(N, C, H, W)``; computes the EMA output if one needs it."""
        ema_sr = None
        if self.ema is not None and "ema_sr" in self.experiment.needs():
            with torch.no_grad(), self.autocast():
                ema_sr = at_least_float32(self.ema.network(batch["lr"], **self._beside))
        return LossContext(
            batch=batch,
            sr=at_least_float32(sr),
            iteration=self.iteration,
            progress=self.progress,
            ema_sr=ema_sr,
            extras={"generator": self.random},
            logged=self.logged,
        )

    def take_logged(self) -> dict[str, Tensor]:
        """What losses logged since this was asked last, by name."""
        taken = dict(self.logged)
        self.logged.clear()
        return taken

    def terms(
        self,
        context: LossContext,
        role: str = "generator",
        skip: Callable[[LossTerm], bool] = lambda term: False,
    ) -> dict[str, Tensor]:
        """Weighted terms of the losses for a network, by name, in the order of the file."""
        return {
            term.label: term.weight * scalar(call("loss", term.loss, context))
            for term in self.losses
            if term.role == role
            and capability("loss", term.loss, "has_generator_term")
            and not skip(term)
        }

    def generator_terms(
        self, context: LossContext, skip: Callable[[LossTerm], bool] = lambda term: False
    ) -> dict[str, Tensor]:
        """Weighted generator terms by name, in the order of the file."""
        return self.terms(context, skip=skip)

    def update(self, role: str, terms: Mapping[str, Tensor]) -> None:
        """Back-propagate the sum of the terms and step the optimizer of a network.

        Parts that the losses of this network train are stepped with it. There may be no terms: all
        of them wait for their start.
        """
        self.update_together({role: terms})

    def update_together(self, terms: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Back-propagate the sum of all terms at once, then step several networks.

        Args:
            terms: by the role of a network, those of its losses; the gradients of each reach all
                networks that made what it looks at.
        """
        together = {label: value for own in terms.values() for label, value in own.items()}
        if not together:
            return
        self.require_finite(together)
        total = (
            torch.stack(list(together.values())).sum()
            if len(together) > 1
            else next(iter(together.values()))
        )
        self.updaters[next(iter(terms))].backward(total)
        for role in terms:
            self.updaters[role].step()
        for term in self.losses:
            if term.label in terms.get(term.role, ()):
                for part in term.parts:
                    self.updaters[part].step()

    def update_generator(self, terms: Mapping[str, Tensor]) -> None:
        """Back-propagate the sum of the terms and step the generator's optimizer."""
        self.update("generator", terms)

    def require_finite(self, terms: Mapping[str, Tensor], what: str = "loss term") -> None:
        """Raise NonFiniteLossError naming the bad terms; all processes decide alike."""
        require_finite(terms, f"iteration {self.iteration}: {what}")

    def evaluated(self) -> dict[str, dict[str, Tensor]]:
        """Weights to be used of networks whose optimizers average, by role; empty without such."""
        evaluated = {name: made.evaluated() for name, made in self.roles.items()}
        return {name: state for name, state in evaluated.items() if state is not None}

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Networks hold the weights to be used: schedule-free optimizers average inside the block.

        What is trained on afterwards is what was there before, to the bit.
        """
        with contextlib.ExitStack() as stack:
            for updater in self.updaters.values():
                stack.enter_context(updater.evaluating())
            yield
