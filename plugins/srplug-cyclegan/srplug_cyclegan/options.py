"""TOML keys of everything this plugin brings; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import attrs

from srcore.contracts import DISCRIMINATOR, GENERATOR, Role
from srcore.options import option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

Problems = Iterator[tuple[str, str]]


@attrs.frozen(kw_only=True)
class CycleGanOptions:
    """Train super-resolution and degradation together on unpaired images, with two judges.

    ``[generator]`` enlarges, ``[networks.degradation]`` shrinks; ``[discriminator]`` judges
    high-resolution images, ``[networks.lr_discriminator]`` low-resolution ones. Losses say
    ``for = "degradation"`` where they are not for the generator.
    """

    judged: Literal["real", "cycle"] = option(
        "real",
        "what the discriminator of large images judges: the enlarged real images G(x) (published), "
        "or G(F(y)), beside which a conditional one sees the true y",
    )
    cycle_trains: Literal["both", "last"] = option(
        "both",
        "comparisons of G(F(y)) with y and of F(G(x)) with x train both networks (published), or "
        "only the one that came last",
    )
    identity: float = option(
        0.0,
        "weight of |G(down(y)) - y| and |F(up(x)) - x|, which keep colors; published: half the "
        "weight of the cycles, or 0",
        ge=0,
    )
    pool_size: int = option(
        50, "earlier images that each discriminator may be shown again; 0: none", ge=0, le=100_000
    )

    def roles(self) -> dict[str, Role]:
        """Two networks in opposite directions, and the judges of what they make."""
        return {
            "generator": GENERATOR,
            "degradation": Role(needs=("shrinks",), takes_losses=True, exported=True),
            "discriminator": DISCRIMINATOR,
            "lr_discriminator": attrs.evolve(DISCRIMINATOR, judges="degradation"),
        }

    def problems(self, experiment: Experiment) -> Problems:
        """Losses that look at another network, and parts that would compare what is no pair."""
        yield from self._loss_problems(experiment)
        yield from self._condition_problems(experiment)

    def _loss_problems(self, experiment: Experiment) -> Problems:
        for loss in experiment.losses:
            component = loss.selected.component
            if loss.for_ == "degradation" and "ema_sr" in component.needs:
                yield (
                    "",
                    f'[[losses]] "{component.name}" looks at the average of the generator; '
                    'remove for = "degradation"',
                )

    def _condition_problems(self, experiment: Experiment) -> Problems:
        judge, lr_judge = (
            experiment.network_table(name) for name in ("discriminator", "lr_discriminator")
        )
        if lr_judge is not None and "condition" in lr_judge.selected.component.needs:
            yield (
                "",
                f'networks.lr_discriminator: "{lr_judge.selected.type}" judges an image beside the '
                "true one, which F(y) has not; take one without condition, such as patch",
            )
        if judge is None or "condition" not in judge.selected.component.needs:
            return
        who = f'discriminator: "{judge.selected.type}" judges an image beside the true one'
        if self.judged == "real":
            yield "judged", f'{who}, which G(x) has not; set judged = "cycle"'
        if self.pool_size > 0:
            yield "pool_size", f"{who}, which an earlier image has lost; set pool_size = 0"


@attrs.frozen(kw_only=True)
class DegradationNetworkOptions:
    """Degradation network: a large image -> the small one that a camera might have made of it.

    What residual blocks at low resolution add to the mean of ``scale`` x ``scale`` pixels.
    """

    num_features: int = option(64, "channels", ge=1, le=4096)
    num_blocks: int = option(6, "residual blocks at low resolution", ge=1, le=1024)
