"""TOML keys of everything this plugin brings; nothing here imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import attrs

from srcore.config.plain_tables import as_table, flat
from srcore.contracts import GENERATOR, Role
from srcore.methods.options import GanOptions, SupervisedOptions
from srcore.networks.options import image_channels
from srcore.options import option

if TYPE_CHECKING:
    from srcore.config.schema import Experiment

#: A generator that makes its images by a velocity.
VELOCITY_GENERATOR = attrs.evolve(GENERATOR, needs=("velocity",))
#: The batch entry that losses compare with.
TEACHER = "teacher"


def latest() -> Any:
    """The key of methods that draw times."""
    return option(
        0.999,
        "times are drawn evenly from [0, latest]; 0: the start alone, for networks of one step",
        ge=0,
        le=0.999,
    )


@attrs.frozen(kw_only=True)
class FlowOptions:
    """Residual network at low resolution that says where an image between blurred and sharp goes.

    ``steps`` may be chosen whenever it is used: ``srcore upscale --network steps=8``.
    """

    num_features: int = option(64, "channels of the blocks", ge=1, le=4096)
    num_blocks: int = option(8, "residual blocks", ge=1, le=1024)
    sigma: float = option(
        0.1, "standard deviation of the noise on the enlarged image, of images in [0, 1]", ge=0
    )
    detail: float = option(
        0.05, "standard deviation of what the enlarged image lacks, of images in [0, 1]", gt=0
    )
    steps: int = option(4, "Euler steps from the start to the image", ge=1, le=1024, inference=True)
    channels: Literal[1, 3, 4] = image_channels()


@attrs.frozen(kw_only=True)
class FlowMatchingOptions(SupervisedOptions):
    """Train a velocity network on pairs of images, at times that are drawn for every image."""

    latest: float = latest()

    def roles(self) -> dict[str, Role]:
        """One network, which has a velocity."""
        return {**super().roles(), "generator": VELOCITY_GENERATOR}


@attrs.frozen(kw_only=True)
class GanFlowMatchingOptions(GanOptions):
    """Train a velocity network as ``flow_matching`` does, its estimates against a discriminator."""

    latest: float = latest()

    def roles(self) -> dict[str, Role]:
        """The generator has a velocity."""
        return {**super().roles(), "generator": VELOCITY_GENERATOR}


@attrs.frozen(kw_only=True)
class FlowDistillationOptions(SupervisedOptions):
    """Train a velocity network of one step on what one of many steps makes of the same noise."""

    def roles(self) -> dict[str, Role]:
        """The student is the generator."""
        teacher = Role(trained=False, needs=("velocity",), needs_weights=True)
        return {**super().roles(), "generator": VELOCITY_GENERATOR, TEACHER: teacher}

    def entries(self) -> tuple[str, ...]:
        """What losses may compare with, beside what the data hold."""
        return (TEACHER,)

    def problems(self, experiment: Experiment) -> Iterator[tuple[str, str]]:
        """A teacher that nothing learns from."""
        values = [flat(as_table(loss.selected)).values() for loss in experiment.losses]
        if not any(TEACHER in own for own in values):
            yield "type", 'no loss asks the teacher; set target = "teacher" in a [[losses]] table'
