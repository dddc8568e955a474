"""Options of the core's methods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import attrs

from srcore.contracts import DISCRIMINATOR, GENERATOR, Role
from srcore.options import Selected, component, option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment


@attrs.frozen(kw_only=True)
class SupervisedOptions:
    """Train the generator on pairs of images."""

    def roles(self) -> dict[str, Role]:
        """One network."""
        return {"generator": GENERATOR}


@attrs.frozen(kw_only=True)
class GanOptions:
    """Train a generator against a discriminator."""

    generator_every: int = option(
        1, "the generator is updated in every n-th iteration, the discriminator in all", ge=1
    )
    generator_start: int = option(
        0, "iterations at the start in which only the discriminator is updated", ge=0
    )
    adversarial_start: int = option(
        0, "iterations at the start without the terms that need the discriminator", ge=0
    )
    discriminator_steps: int = option(1, "discriminator updates per iteration", ge=1)
    order: Literal["generator_first", "discriminator_first"] = option(
        "generator_first",
        "who is updated first; both use the same generated images",
    )
    labels: Selected | None = component("labels", default=None)

    def roles(self) -> dict[str, Role]:
        """Two networks that take turns."""
        return {"generator": GENERATOR, "discriminator": DISCRIMINATOR}

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """Several discriminator steps need the whole batch at once."""
        parts = experiment.train.accumulate
        if self.discriminator_steps > 1 and parts > 1:
            message = f"expected 1 where train.accumulate = {parts}, found"
            yield "discriminator_steps", f"{message} {self.discriminator_steps}"
