"""A discriminator in training: what the network that it judges is told, and its own update."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import torch
from torch import Tensor

from srcore.capabilities import capability
from srcore.contracts import DiscriminatorLoss, LossContext
from srcore.engine.terms import scalar
from srcore.plugin.calling import call, checked_result
from srcore.plugin.watching import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from srcore.contracts import Batch
    from srcore.engine.parts import Parts


class Adversary:
    """A discriminator in its role.

    The terms of its update are those that the losses for the network that it ``judges``
    (:class:`srcore.Role`) have for a discriminator.

        self.adversary = Adversary(parts)
        ...
        condition = self.adversary.condition(batch)
        with self.adversary.frozen(condition) as context.discriminate:
            parts.update_generator(parts.generator_terms(context))
        logs = self.adversary.train(context, condition)

    Args:
        parts: of the stage.
        role: its name.
    """

    def __init__(self, parts: Parts, role: str = "discriminator") -> None:
        self.parts = parts
        self.made = parts.roles[role]

    def condition(self, batch: Batch) -> Any:
        """What a conditional discriminator makes of the batch: once, without graph; else None."""
        condition = capability("discriminator", self.made.network, "condition")
        if condition is None:
            return None
        with torch.no_grad(), self.parts.autocast():
            return condition(batch)

    @contextlib.contextmanager
    def frozen(self, condition: Any = None) -> Iterator[Callable[[Tensor], Tensor]]:
        """Images -> logits, for the update of the network that is judged.

        Args:
            condition: what :meth:`condition` gave.
        """
        with self.made.frozen() as network:
            yield self._discriminate(network, condition)

    def train(
        self, context: LossContext, condition: Any = None, *, steps: int = 1
    ) -> dict[str, Tensor]:
        """Update the discriminator on the images of a context.

        Args:
            context: what losses see; ``sr``, which is detached here, is judged.
            condition: what :meth:`condition` gave.
            steps: updates.

        Returns:
            Its terms, detached, and what the losses logged; what they logged of another
            discriminator than the first begins with the name of its role.
        """
        discriminate = self._discriminate(self.made.wrapped, condition)
        seen = attrs.evolve(context, sr=context.sr.detach(), discriminate=discriminate)
        updater = self.parts.updaters[self.made.name]
        logs: dict[str, Tensor] = {}
        for _ in range(steps):
            for name, value in self._terms(seen):
                self.parts.require_finite({name: value})
                updater.backward(value)
                logs[name] = value.detach()
            updater.step()
        prefix = "" if self.made.name == "discriminator" else f"{self.made.name}_"
        logged = self.parts.take_logged()
        return logs | {f"{prefix}{name}": value for name, value in logged.items()}

    def _terms(self, context: LossContext) -> Iterator[tuple[str, Tensor]]:
        """Every loss's terms for the discriminator, each computed after the last was used.

        The weight of a loss with a generator term belongs to that term, as in all published
        recipes; a loss only for the discriminator (a penalty) carries its weight here.
        """
        for term in self.parts.losses:
            if term.role != self.made.role.judges or not isinstance(term.loss, DiscriminatorLoss):
                continue
            has_both = capability("loss", term.loss, "has_generator_term")
            weight = 1.0 if has_both else term.weight
            values = term.loss.discriminator_terms(context)
            while True:
                with self.parts.autocast(), watched("loss.discriminator", term.loss):
                    named = next(values, None)
                if named is None:
                    break
                name, value = checked_result("loss.discriminator", term.loss, named)
                value = scalar(value)
                yield f"{term.label}_{name}", value if weight == 1.0 else weight * value

    def _discriminate(self, discriminator: Any, condition: Any) -> Callable[[Tensor], Tensor]:
        parts, made = self.parts, self.made

        def discriminate(image: Tensor) -> Tensor:
            for transform in made.inputs:
                image = call(
                    "discriminator_input",
                    transform,
                    image,
                    progress=parts.progress,
                    generator=parts.random,
                )
            arguments = (image,) if condition is None else (image, condition)
            logits: Tensor = checked_result(
                "discriminator", made.network, discriminator(*arguments)
            )
            return logits

        return discriminate
