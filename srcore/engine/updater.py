"""One optimizer step: scaled backward passes, clipping, learning rate."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from ignite import distributed as idist
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.optimization.building import build_optimizer
from srcore.options import Selected
from srcore.plugin.calling import call
from srcore.plugin.watching import watched

if TYPE_CHECKING:
    from srcore.config.schema import Experiment
    from srcore.contracts import Schedule
    from srcore.engine.loss_scale import LossScale

logger = logging.getLogger("srcore")


class Updater:
    """Owns the optimizer of one network.

    A batch may be computed in several pieces; gradients add up and the optimizer steps after the
    last piece. Methods call :meth:`backward` for every loss and :meth:`step` once per piece.

    Args:
        network: what is trained.
        optimizer: its optimizer.
        schedule: learning rate over the iterations.
        loss_scale: that of float16 training, shared by all networks.
        clip_norm: largest global gradient norm, or None.

    Attributes:
        exchanges_gradients: several processes average the gradients here; networks that are
            distributed by PyTorch have done so during the backward pass.
        has_stepped: whether this iteration has changed the network.
        gradient_norm: global norm of this iteration's gradients before they are clipped, if it is
            watched or they are clipped.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule | None,
        loss_scale: LossScale,
        clip_norm: float | None = None,
    ) -> None:
        self.network = network
        self.optimizer = optimizer
        self.schedule = schedule
        self.loss_scale = loss_scale
        self.clip_norm = clip_norm
        self.pieces = 1
        self.is_last_piece = True
        self.watch_norm = False
        self.has_stepped = False
        self.exchanges_gradients = False
        self._evaluating = False
        self.gradient_norm: Tensor | None = None
        self._bases = self._rates()
        self._scheduled: list[float] | None = None
        self._is_told = False

    @property
    def learning_rate(self) -> float:
        """Learning rate of the first parameter group."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def averages(self) -> bool:
        """Whether the optimizer is schedule-free: its ``eval()`` puts an average in place."""
        return all(
            capability("optimizer", self.optimizer, name) is not None for name in ("train", "eval")
        )

    def begin(self, iteration: int, pieces: int, *, watch_norm: bool) -> None:
        """Set the learning rate of an iteration and forget old gradients."""
        if self.schedule is not None:
            self._tell_who_else_sets()
            for group, base in zip(self.optimizer.param_groups, self._bases, strict=True):
                group["lr"] = call("schedule", self.schedule, base, iteration)
            self._scheduled = self._rates()
        self.pieces = pieces
        self.has_stepped = False
        self.watch_norm = watch_norm
        self.gradient_norm = None
        self.optimizer.zero_grad(set_to_none=True)

    def _rates(self) -> list[float]:
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def _tell_who_else_sets(self) -> None:
        """A handler's scheduler beside the experiment's has no effect: said once."""
        if self._scheduled in (None, self._rates()) or self._is_told:
            return
        self._is_told = True
        logger.warning(
            "the learning rate of %s was set to %g beside its schedule, which sets it back every "
            "iteration; leave the schedule out of the experiment",
            type(self.network).__name__,
            self.learning_rate,
        )

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a loss of this piece, a scalar."""
        share = loss / self.pieces if self.pieces > 1 else loss
        with watched("backward", self):
            torch.autograd.backward(self.loss_scale.scaled(share))

    def step(self) -> None:
        """After the last piece: clip, step, forget the gradients; without any there is no step."""
        with watched("update", self):
            self._step()

    def _step(self) -> None:
        parameters = [p for p in self.network.parameters() if p.grad is not None]
        if not (self.is_last_piece and parameters):
            return
        if self.exchanges_gradients and idist.get_world_size() > 1:
            for parameter in self.network.parameters():
                if parameter.grad is not None:
                    idist.all_reduce(parameter.grad)
                    parameter.grad /= idist.get_world_size()
        gradients = [p.grad for p in parameters if p.grad is not None]
        finite = self.loss_scale.unscale(gradients)
        if self.clip_norm is not None:
            self.gradient_norm = nn.utils.clip_grad_norm_(parameters, self.clip_norm)
        elif self.watch_norm:
            self.gradient_norm = nn.utils.get_total_norm(gradients)
        if finite:
            self.has_stepped = True
            call("optimizer", self.optimizer, method="step")
        self.optimizer.zero_grad(set_to_none=True)

    def discard(self) -> None:
        """Drop the gradients of an iteration that is skipped; what it changed is put back."""
        self._scheduled = None
        self.optimizer.zero_grad(set_to_none=True)

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Schedule-free optimizers put their average into the network inside the block.

        Their way back rounds, so the weights are kept and put back: looking at a network must not
        change what it is trained to.
        """
        if self._evaluating or not self.averages:
            yield
            return
        optimizer: Any = self.optimizer
        kept = [parameter.detach().clone() for parameter in self.network.parameters()]
        optimizer.eval()
        self._evaluating = True
        try:
            yield
        finally:
            self._evaluating = False
            optimizer.train()
            with torch.no_grad():
                for parameter, value in zip(self.network.parameters(), kept, strict=True):
                    parameter.copy_(value)


def build_updater(
    experiment: Experiment, name: str, network: nn.Module, loss_scale: LossScale
) -> Updater:
    """Optimizer and schedule of a network, as an experiment says."""
    table, schedule = experiment.optimizer[name], experiment.schedule.get(name)
    return Updater(
        network,
        build_optimizer(table.selected, network, table.groups, f"optimizer.{name}"),
        build_schedule(schedule.selected, experiment.train.iterations) if schedule else None,
        loss_scale,
        table.clip_gradient_norm,
    )


def build_schedule(selected: Selected, iterations: int) -> Any:
    """A schedule; one that asks for ``iterations`` gets the length of the stage."""
    return selected.build(**({"iterations": iterations} if selected.asks_for("iterations") else {}))
